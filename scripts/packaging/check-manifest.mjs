import { readFile } from 'node:fs/promises';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/** What publint, strictly, and our own rules have against a tarball, as lines of text. */
export async function checkManifest({ file, entries, manifest }) {
  const tarball = await readFile(file);
  const { messages, pkg } = await publint({
    strict: true,
    pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.length) },
  });
  const stray = entries.filter((path) => /\.test\.ts$|\/testing\//.test(path));
  const lacking = ['README.md', 'LICENSE'].filter((path) => !entries.includes(path));
  const fields = ['description', 'license', 'engines', 'keywords', 'homepage', 'bugs', 'repository'];
  const missing = fields.filter((field) => manifest[field] == null);
  const { directory } = manifest.repository ?? {};
  const misplaced =
    directory === undefined || manifest.name !== `@sshn/${directory.replace(/^packages\//, '')}`;
  return [
    ...messages.map((message) => formatMessage(message, pkg)),
    ...stray.map((path) => `${path} is of use for tests only, but is packed`),
    ...lacking.map((path) => `${path} is not packed`),
    ...missing.map((field) => `package.json says nothing under ${field}`),
    ...(misplaced ? [`package.json says ${directory} under repository.directory`] : []),
  ];
}
