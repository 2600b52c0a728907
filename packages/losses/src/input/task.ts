/**
 * What the channels of logits stand for; never guessed from shapes.
 *
 * `'multiclass'`: one label per pixel, softmax over the last axis, label 0 the background. `'binary'`: one channel,
 * sigmoid, 1 the foreground. `'multilabel'`: a sigmoid for each channel; labels may overlap.
 */
export type Task = (typeof tasks)[number];
export const tasks = ['multiclass', 'binary', 'multilabel'] as const;
