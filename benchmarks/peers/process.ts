import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Peer } from './peer.js';
import type { Reply, Request } from './protocol.js';

const { resolve } = createRequire(import.meta.url);

/**
 * glibc gives large blocks back to the system at every step by default, which makes PyTorch up to twice as slow, and reading a result of 6.5 MB four
 * times as slow in Node.
 */
const keptMemory = {
  MALLOC_MMAP_THRESHOLD_: '4294967296',
  MALLOC_TRIM_THRESHOLD_: '17179869184',
  MALLOC_TOP_PAD_: '268435456',
};

/** A peer on some threads, in a process that stays up until it is closed. */
export class PeerProcess {
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  private constructor(
    readonly peer: Peer,
    readonly threads: number,
    private readonly child: ChildProcessWithoutNullStreams,
  ) {
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.on('data', (text) => {
      this.#errors = `${this.#errors}${text}`.slice(-2000);
    });
    // A process that has died is noticed where its answer is read.
    child.stdin.on('error', () => {});
  }

  /**
   * Starts the process.
   *
   * @returns it with the peer's version, or why the peer is absent.
   */
  static async start(
    peer: Peer,
    threads: number,
  ): Promise<{ process: PeerProcess; version: string } | { absent: string }> {
    const [command, ...options] = commandOf(peer);
    const argument = peer.argument === undefined ? [] : [peer.argument];
    const child = spawn(command!, [...options, `${threads}`, ...argument], {
      env: { ...process.env, ...keptMemory, ...peer.environment?.(threads) },
    });
    try {
      await once(child, 'spawn');
    } catch (error) {
      return { absent: `${command} does not start (${(error as Error).message})` };
    }
    const started = new PeerProcess(peer, threads, child);
    const reply = await started.#read();
    if (reply.kind === 'ready') return { process: started, version: reply.version };
    started.close();
    return { absent: 'reason' in reply ? reply.reason : `answered '${reply.kind}'` };
  }

  /** Asks, and waits for the answer. */
  async ask(request: Request): Promise<Reply> {
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    return this.#read();
  }

  /** Ends the process. */
  close(): void {
    this.child.kill('SIGKILL');
  }

  async #read(): Promise<Reply> {
    const { value, done } = await this.#lines.next();
    if (done === true) return { kind: 'failed', reason: `its process ended: ${lastLine(this.#errors)}` };
    return JSON.parse(value);
  }
}

function commandOf({ program }: Peer): string[] {
  const file = fileURLToPath(new URL(program, import.meta.url));
  // Debian's PyTorch belongs to Debian's Python, which need not be the first on the path.
  if (program.endsWith('.py')) return [process.env.PYTHON ?? '/usr/bin/python3', file];
  const loader = pathToFileURL(resolve('tsx')).href;
  return [process.execPath, '--conditions=@sshn/source', '--import', loader, file];
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
