/** Builds of the codecs, chosen by `imports` in package.json. Their packages have no types. */
declare module '@cornerstonejs/*/decode' {
  const build: import('./codecs.js').CodecBuild;
  export default build;
}
declare module '#charls' {
  const build: import('./codecs.js').CodecBuild;
  export default build;
}
declare module '#libjpeg-turbo' {
  const build: import('./codecs.js').CodecBuild;
  export default build;
}
declare module '#openjpeg' {
  const build: import('./codecs.js').CodecBuild;
  export default build;
}
