// esbuild copies these files beside the program (--loader:.wasm=file) and imports give their address.
declare module '*.wasm' {
  const address: string;
  export default address;
}
