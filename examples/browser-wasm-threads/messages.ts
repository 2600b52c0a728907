/** What the page asks the Worker for: the same training, once with each number of threads. */
export interface Task {
  readonly images: number;
  readonly edge: number;
  readonly features: number;
}

/** What the Worker tells. */
export type Message =
  | {
      readonly kind: 'started';
      readonly threads: number;
      readonly simd: string;
      readonly limits: readonly string[];
    }
  | { readonly kind: 'progress'; readonly done: number }
  | {
      readonly kind: 'trained';
      readonly threads: number;
      readonly milliseconds: number;
      readonly loss: number;
    }
  | { readonly kind: 'finished' }
  | { readonly kind: 'failed'; readonly message: string };
