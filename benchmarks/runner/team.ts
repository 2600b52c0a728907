import { cpuRoster, type Roster } from '../peers/index.js';
import { PeerProcess } from '../peers/process.js';

/** All processes of a measurement. */
export interface Team {
  readonly members: readonly PeerProcess[];
  /** Versions of the peers that are there, by name. */
  readonly versions: ReadonlyMap<string, string>;
  /** Why a peer is not, by name. */
  readonly absent: ReadonlyMap<string, string>;
  close(): void;
}

/** Starts ours and every peer, each in a process for each count of threads that it is to run on. */
export async function startTeam(
  threads: readonly number[],
  { ours, peers }: Roster = cpuRoster,
): Promise<Team> {
  const members: PeerProcess[] = [];
  const versions = new Map<string, string>();
  const absent = new Map<string, string>();
  const places = [ours, ...peers].flatMap((peer) =>
    (peer.threads === 'any' ? threads : [1]).map((count) => ({ peer, count })),
  );
  const starts = await Promise.all(places.map(({ peer, count }) => PeerProcess.start(peer, count)));
  for (const [i, { peer, count }] of places.entries()) {
    const start = starts[i]!;
    if ('absent' in start) {
      absent.set(peer.threads === 'any' ? `${peer.name} on ${count} thread(s)` : peer.name, start.absent);
    } else {
      members.push(start.process);
      versions.set(peer.name, start.version);
    }
  }
  return {
    members,
    versions,
    absent,
    close() {
      for (const member of members) member.close();
    },
  };
}
