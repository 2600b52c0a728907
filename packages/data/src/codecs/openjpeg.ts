/** For pages: the build in plain JavaScript, which needs no path to a binary. See `imports` in package.json. */
export { default } from '@cornerstonejs/codec-openjpeg/decode';
