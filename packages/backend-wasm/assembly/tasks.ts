import { AdamArgs, adam, adamOuter } from './adam';
import { BiasArgs, biasGradient } from './bias-gradient';
import { BoxSumArgs, boxSum } from './box-sum';
import { ConvArgs } from './conv-args';
import { convDirect } from './conv-direct';
import { convKernelGradient } from './conv-kernel-gradient';
import { CopyArgs, copyRuns } from './copy-runs';
import { convPointwise } from './conv-pointwise';
import { CrossEntropyArgs, crossEntropy } from './cross-entropy';
import { HeadArgs, head, headHiddenGradient, headWeightGradient } from './head';
import { LeakyArgs, leakyGradient } from './leaky-gradient';
import { NccArgs, nccGradients, nccMaps, nccTerms } from './local-ncc';
import { ResizeArgs, resize } from './resize';
import { resizeGradient } from './resize-gradient';
import { warp } from './warp';
import { warpGradientField } from './warp-gradient-field';
import { warpGradientImage, warpRanges } from './warp-gradient-image';
import { WarpArgs } from './warp-plan';
import { DiceArgs, softDiceGradient, softDiceSums } from './soft-dice';
import { winogradForward } from './winograd-forward';
import { winogradKernelBack } from './winograd-kernel';
import { winogradKernelGradient } from './winograd-kernel-gradient';

/** Runs one task of a job; the kinds are those of `src/native/jobs.ts`. */
export function runTask(kind: i32, args: usize, task: i32, worker: i32): void {
  switch (kind) {
    case 0: return convDirect(changetype<ConvArgs>(args), task, worker);
    case 1: return convKernelGradient(changetype<ConvArgs>(args), task, worker);
    case 2: return winogradForward(changetype<ConvArgs>(args), task, worker);
    case 3: return winogradKernelGradient(changetype<ConvArgs>(args), task, worker);
    case 4: return biasGradient(changetype<BiasArgs>(args), task);
    case 5: return leakyGradient(changetype<LeakyArgs>(args), task);
    case 6: return adam(changetype<AdamArgs>(args), task);
    case 7: return resize(changetype<ResizeArgs>(args), task);
    case 8: return resizeGradient(changetype<ResizeArgs>(args), task, worker);
    case 9: return head(changetype<HeadArgs>(args), task);
    case 10: return headWeightGradient(changetype<HeadArgs>(args), task);
    case 11: return headHiddenGradient(changetype<HeadArgs>(args), task);
    case 12: return copyRuns(changetype<CopyArgs>(args), task);
    case 13: return convPointwise(changetype<ConvArgs>(args), task);
    case 14: return adamOuter(changetype<AdamArgs>(args), task);
    case 15: return warp(changetype<WarpArgs>(args), task, worker);
    case 16: return warpGradientField(changetype<WarpArgs>(args), task, worker);
    case 17: return warpRanges(changetype<WarpArgs>(args), task, worker);
    case 18: return warpGradientImage(changetype<WarpArgs>(args), task, worker);
    case 19: return winogradKernelBack(changetype<ConvArgs>(args), task, worker);
    case 20: return crossEntropy(changetype<CrossEntropyArgs>(args), task);
    case 21: return boxSum(changetype<BoxSumArgs>(args), task, worker);
    case 22: return softDiceSums(changetype<DiceArgs>(args), task);
    case 23: return softDiceGradient(changetype<DiceArgs>(args), task);
    case 24: return nccTerms(changetype<NccArgs>(args), task);
    case 25: return nccMaps(changetype<NccArgs>(args), task);
    case 26: return nccGradients(changetype<NccArgs>(args), task);
  }
}

/** Runs all tasks of a job, one after the other. */
export function runTasks(kind: i32, args: usize, tasks: i32): void {
  for (let task = 0; task < tasks; task++) runTask(kind, args, task, 0);
}
