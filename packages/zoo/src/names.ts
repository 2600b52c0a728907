/** The models of the package. */
export const modelNames = ['cells', 'ultrasound', 'volumes', 'registration'] as const;
export type ModelName = (typeof modelNames)[number];

/** Whether a word is the name of a model of the package. */
export function isModelName(word: string): word is ModelName {
  return modelNames.some((name) => name === word);
}
