/** The rescaling factor, said once for all commands. */
export const factorText = `The rescaling factor φ (--factor) is what every pooling step of the network scales its input by: at φ = 0.5 each \
stage works on half the pixels per side, at φ = 0.1 on a tenth, at φ = 0 on a single pixel. Small φ is fast and coarse, \
large φ slow and fine.`;
