import { type RegistrationConfig, registrationConfigSchema } from '../registration/config.js';
import { lossConfigSchema } from './loss-config.js';

/** The words of a configuration that one task has and another has not. */
export interface TaskWords {
  readonly task: 'segmentation' | 'registration';
  readonly method: string;
  readonly loss: object;
  readonly crossEntropyShare: number;
  readonly architecture: { readonly deepSupervision?: boolean };
  readonly registration: RegistrationConfig;
}

/** A word of a configuration that would have no effect beside another one. */
export interface TaskFault {
  readonly path: readonly string[];
  readonly message: string;
}

/** Share of the epochs trained with cross-entropy, unless told otherwise (paper, section 4.4). */
export const usualCrossEntropyShare = 0.4;

/** What a configuration says and its task, or its method, would never ask for. */
export function taskFaults(config: TaskWords): TaskFault[] {
  return config.task === 'registration' ? ofRegistration(config) : ofSegmentation(config);
}

function ofSegmentation({ registration }: TaskWords): TaskFault[] {
  return changed(registration, registrationConfigSchema.parse({})).map((word) => ({
    path: ['registration', word],
    message: "means something for task: 'registration' alone",
  }));
}

function ofRegistration(config: TaskWords): TaskFault[] {
  const { method, loss, crossEntropyShare, architecture, registration } = config;
  const { lambdaRange, similarity } = registration;
  const usual = registrationConfigSchema.parse({});
  const unheard = method === 'fixed' || method === 'stochastic';
  const faults: Array<readonly [isFault: boolean, path: readonly string[], message: string]> = [
    ...changed(loss, lossConfigSchema.parse({})).map(
      (word) =>
        [true, ['loss', word], "is for segmentation: registration has 'registration.similarity'"] as const,
    ),
    [
      crossEntropyShare !== usualCrossEntropyShare,
      ['crossEntropyShare'],
      'is for segmentation: registration has one loss in all epochs',
    ],
    [
      architecture.deepSupervision === true,
      ['architecture', 'deepSupervision'],
      'is for segmentation: a flow has no labels at other resolutions',
    ],
    [
      lambdaRange !== undefined && unheard,
      ['registration', 'lambdaRange'],
      `method '${method}' has no hypernetwork that could be told λ: give registration.weight, or take 'sshn' or 'film'`,
    ],
    [
      lambdaRange !== undefined && registration.weight !== usual.weight,
      ['registration', 'weight'],
      'is fixed, and lambdaRange draws it: give one of the two',
    ],
    ...(['lambdaDistribution', 'lambdaEndpoints'] as const).map(
      (word) =>
        [
          lambdaRange === undefined && registration[word] !== usual[word],
          ['registration', word],
          'is how λ is drawn: give lambdaRange too',
        ] as const,
    ),
    [
      similarity !== 'localNcc' && registration.window !== usual.window,
      ['registration', 'window'],
      "is for similarity: 'localNcc' alone",
    ],
  ];
  return faults.flatMap(([isFault, path, message]) => (isFault ? [{ path, message }] : []));
}

/** Names of the words whose values are not the default. */
function changed(words: object, usual: object): string[] {
  const defaults = new Map(Object.entries(usual));
  return Object.entries(words).flatMap(([name, value]) =>
    JSON.stringify(value) === JSON.stringify(defaults.get(name)) ? [] : [name],
  );
}
