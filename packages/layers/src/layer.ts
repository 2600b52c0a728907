import type { Module, SpecNode, SpecsIn } from '@sshn/core';

/** Layers with names, or a list, which names them '0', '1', … */
export type Layers = readonly Module[] | { readonly [name: string]: Module };

/** The specs of a container: those of its layers, under their names. */
export type ContainerSpecs<Children extends Layers> = Extract<SpecsIn<Children>, SpecNode>;

/** The specs of a layer without parameters. */
export type NoSpecs = { readonly [name: string]: never };
