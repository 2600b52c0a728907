import { FileError, ValueError } from '@sshn/core';
import { writeFileAtomic } from '@sshn/model/node';
import { inSpaceOf, labelsInSpaceOf, Registrar, registerPair, warpPicture } from '@sshn/predict';
import {
  openModel,
  readLabelPicture,
  readPicture,
  requireFieldName,
  requireFolder,
  requireOutput,
  writeField,
  writePicture,
} from '@sshn/predict/node';
import type { AffineProgress } from '@sshn/registration';
import { startBackend } from '../process/backend.js';
import { listenForInterruption } from '../process/exit.js';
import { exitCodes } from '../program-help.js';
import { writeRegistrationReport } from '../report/registration-page.js';
import { modelSource } from '../run/model-source.js';
import { type Terminal, terminalOn } from '../terminal/terminal.js';
import { affineOptions, barePreprocessing, choiceOf, objectiveOf, type RegisterFlags } from './flags.js';
import { alignmentText, coverageWarning, figuresText, matrixText, refineText } from './texts.js';

/** The word in place of a model for registration without one. */
export const noModel = 'none';

/** Registers two files as the flags say. */
export async function runRegister(
  modelPath: string,
  movingPath: string,
  fixedPath: string,
  flags: RegisterFlags,
): Promise<number> {
  const terminal = terminalOn(process.stderr);
  try {
    return await registerFiles({ model: modelPath, moving: movingPath, fixed: fixedPath }, flags, terminal);
  } finally {
    terminal.clear();
  }
}

async function registerFiles(
  { model: modelPath, moving: movingPath, fixed: fixedPath }: Record<'model' | 'moving' | 'fixed', string>,
  flags: RegisterFlags,
  terminal: Terminal,
): Promise<number> {
  // What follows may keep the processor for seconds: the line has to be there before.
  const stage = (text: string): void => terminal.live(text);
  const warned = { onWarning: (warning: string) => terminal.line(`warning: ${warning}`) };
  stage(`reading ${fixedPath}`);
  const fixed = await readPicture(fixedPath, { ...warned, ...frameOf(flags.fixedFrame) });
  for (const path of [flags.out, flags.movedLabels]) requireOutput(path, fixed.format);
  requireFieldName(flags.field);
  for (const path of [flags.out, flags.movedLabels, flags.field, flags.report, flags.matrix])
    await requireFolder(path);
  const resample = { resample: flags.resample ?? false };
  stage(`reading ${movingPath}`);
  const read = await readPicture(movingPath, { ...warned, ...frameOf(flags.movingFrame) });
  const { description: backend } = await startBackend(flags, 'training');
  stage(`opening ${modelPath}`);
  const model = modelPath === noModel ? undefined : await openRegistrar(modelPath);
  // An alignment finds the place of the moving image, whatever grid it has.
  const findsPlace = flags.affine !== undefined || model?.manifest.preprocessing.alignment !== undefined;
  if (flags.matrix !== undefined && !findsPlace) {
    model?.dispose();
    throw new ValueError({
      where: '--matrix',
      got: flags.matrix,
      expected: 'none: it holds the affine map of an alignment, and this model was trained without --align',
      hint: 'Give --affine too.',
    });
  }
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('stopping after this step, with what is reached; Ctrl-C again stops at once');
  });
  try {
    const moving = findsPlace ? read : inSpaceOf(fixed, read, resample);
    const labels =
      flags.labels === undefined
        ? undefined
        : labelsInSpaceOf(moving, await readLabelPicture(flags.labels), resample);
    const preprocessing = model?.manifest.preprocessing ?? barePreprocessing(fixed, flags);
    if (model !== undefined && flags.milliseconds !== undefined) {
      stage('measuring this machine');
      await model.calibrate({ signal: interruption.signal });
    }
    const objective = objectiveOf(model, flags);
    if (model !== undefined) terminal.line(`${modelPath}: ${model.choose(choiceOf(flags)).reason}`);
    terminal.line(`${movingPath} onto ${fixedPath}, at ${preprocessing.size.join('×')}, on ${backend}`);
    const began = performance.now();
    const affine =
      flags.affine === undefined
        ? undefined
        : {
            ...affineOptions(objective, flags),
            onProgress: ({ stage: done, stages, loss }: AffineProgress) =>
              stage(`${flags.affine} alignment  ${done}/${stages}  loss ${loss.toPrecision(4)}`),
          };
    const { field, figures, coverage, matrixMm, alignment, ...pictures } = await registerPair(moving, fixed, {
      ...(model === undefined ? {} : { model, setting: choiceOf(flags) }),
      ...(affine === undefined ? {} : { affine }),
      objective,
      preprocessing,
      resolution: flags.resolution ?? 'full',
      steps: flags.refine,
      ...(flags.levels === undefined ? {} : { levels: flags.levels }),
      ...(flags.learningRate === undefined ? {} : { learningRate: flags.learningRate }),
      onStage: stage,
      onStep: (step) => stage(refineText(step, performance.now() - began)),
      signal: interruption.signal,
    });
    const warning = coverageWarning(movingPath, coverage, `of ${fixedPath}`);
    if (warning !== undefined) terminal.line(warning);
    if (flags.matrix !== undefined && matrixMm !== undefined) {
      stage(`writing ${flags.matrix}`);
      await writeFileAtomic(flags.matrix, matrixText(matrixMm));
    }
    if (flags.out !== undefined) {
      stage(`warping ${movingPath}`);
      const moved = warpPicture(moving, field, 'linear');
      stage(`writing ${flags.out}`);
      await writePicture(flags.out, moved);
    }
    if (labels !== undefined) {
      stage(`warping ${labels.path}`);
      await writePicture(flags.movedLabels!, warpPicture(labels, field, 'nearest'));
    }
    if (flags.field !== undefined) {
      stage(`writing ${flags.field}`);
      await writeField(flags.field, field);
    }
    if (flags.report !== undefined) {
      stage(`writing ${flags.report}`);
      await writeRegistrationReport(flags.report, { movingPath, fixedPath, objective, figures, ...pictures });
    }
    terminal.clear();
    const unit = fixed.format === 'volume' ? 'mm' : 'pixels';
    const lines = [
      ...(alignment === undefined ? [] : [alignmentText(flags.affine!, alignment)]),
      ...(flags.resample || findsPlace
        ? [`covered         ${(100 * coverage).toFixed(1)} % of the fixed grid`]
        : []),
      figuresText(objective, figures, unit, performance.now() - began),
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
    return interruption.signal.aborted ? interruption.exitCode() : exitCodes.ok;
  } finally {
    interruption.dispose();
    model?.dispose();
  }
}

/** Which volume of several an image is read. */
function frameOf(frame: number | undefined): { readonly frame?: number } {
  return frame === undefined ? {} : { frame };
}

/** Opens a registration model. @throws {FileError} if it is one of another task. */
async function openRegistrar(path: string): Promise<Registrar> {
  const model = await openModel(await modelSource(path));
  if (model instanceof Registrar) return model;
  model.dispose();
  throw new FileError({
    path,
    problem: 'is a model of segmentation, and sshn register aligns',
    remedy: 'Train one with `sshn train DATA --task registration`, or give the word none and --refine.',
  });
}
