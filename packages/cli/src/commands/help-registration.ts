import type { CommandHelp } from './help.js';

/** What a field file holds, said once for both commands. */
const fieldText = `The field is a NIfTI vector image (intent 1007; shape x, y, z, 1, 3) on the grid of the fixed image. For each of its \
voxels it holds where the moving image is looked up: the displacement in mm toward the right, the front and the top (RAS, \
as NIfTI's own axes), added to the place of the voxel. ITK and ANTs count x and y the other way (LPS): negate the first two \
components for them. Of PNG images, millimeters are pixels: x to the right, y down, z is 0.`;

export const registerHelp: CommandHelp = {
  description: `Align a moving image with a fixed one: predict a displacement field, refine it if wanted, and move the image, on the \
grid of the fixed one.

MODEL is a run folder of \`sshn train DATA --task registration\` or its best.safetensors; images are brought to the size that \
it was trained at, and the field back. The word none registers without a network: --refine N steps of gradient descent from \
zero at every resolution of a pyramid, the classical way. With a network, refinement begins at what it predicts.

Orientation and spacing of volumes may be any: they are compared in the body. Images on different grids are refused, as they \
may be a mistake; --resample brings the moving one onto the grid of the fixed one first, by the affines of both (PNG: \
stretches it). Moved label maps keep their numbers (nearest voxel); moved images are 32-bit floats, PNG 8 bits. Where the \
moving image shows nothing, the result is 0.

${fieldText}`,
  examples: `
Examples:
  $ sshn register runs/brains moving.nii.gz fixed.nii.gz -o moved.nii.gz --field field.nii.gz
  $ sshn register runs/brains moving.nii.gz fixed.nii.gz --labels moving-labels.nii.gz --moved-labels moved-labels.nii.gz
  $ sshn register runs/slices a.png b.png -o moved.png --factor 0.25 --refine 50 --report page.html
  $ sshn register none moving.nii.gz fixed.nii.gz --refine 100 --spacing 2 -o moved.nii.gz`,
};

export const warpHelp: CommandHelp = {
  description: `Move an image, or with --labels a label map, by a field of \`sshn register --field\`. The result lies on the grid of the \
field; a volume may have any grid of its own, as it is looked up by its place in the body.

${fieldText}`,
  examples: `
Examples:
  $ sshn warp t2.nii.gz --field field.nii.gz -o t2-moved.nii.gz
  $ sshn warp labels.nii.gz --labels --field field.nii.gz -o labels-moved.nii.gz`,
};
