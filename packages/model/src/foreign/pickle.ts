import { call, global, type Pickled, PickleFault, storage, tuple } from './pickled.js';

/**
 * Reads a pickle that holds dictionaries of tensors, as `torch.save` writes them, and executes nothing: a pickle is a program,
 * and of its instructions and of what they may call only those are known here that tensors need. All else is refused by name.
 *
 * Time and memory are bounded by the pickle's length.
 *
 * @throws {PickleFault} at the first instruction that is not known, wrong or incomplete.
 *
 * *Source*: Python's pickletools.py for the instructions; torch/_utils.py and torch/serialization.py for what they build.
 */
export function readPickle(bytes: Uint8Array): Pickled {
  return new Machine(bytes).run();
}

/** Most instructions, forty to a tensor, and most dictionaries and lists: they bound the memory that a pickle takes. */
const limits = { instructions: 2 ** 21, containers: 2 ** 16 } as const;

/** Instructions that would make or call an object of a class, by their names. */
const refused: Readonly<Record<number, string>> = {
  105: 'INST',
  111: 'OBJ',
  129: 'NEWOBJ',
  146: 'NEWOBJ_EX',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  80: 'PERSID',
};

class Machine {
  readonly #view: DataView;
  #at = 0;
  readonly #stack: Pickled[] = [];
  /** Heights of the stack at marks. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, Pickled>();
  #containers = 0;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): Pickled {
    for (let count = 0; count < limits.instructions; count++) {
      const at = this.#at;
      const code = this.#byte();
      if (code === 0x2e) return this.#pop();
      if (!this.#step(code)) {
        const name = refused[code] ?? `0x${code.toString(16).padStart(2, '0')}`;
        throw new PickleFault(`its pickle has the instruction ${name} at byte ${at}, which no tensor needs`);
      }
    }
    throw new PickleFault(`its pickle has more than ${limits.instructions} instructions`);
  }

  /** Runs one instruction; false if it is not known. */
  #step(code: number): boolean {
    const stack = this.#stack;
    switch (code) {
      case 0x80: // PROTO
        if (this.#byte() > 5) throw new PickleFault('its pickle has a protocol above 5');
        return true;
      case 0x95: // FRAME
        this.#take(8);
        return true;
      case 0x28: // MARK
        this.#marks.push(stack.length);
        return true;
      case 0x4e: // NONE
        stack.push(null);
        return true;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        stack.push(code === 0x88);
        return true;
      case 0x4b: // BININT1
        stack.push(this.#byte());
        return true;
      case 0x4d: // BININT2
        stack.push(this.#view.getUint16(this.#take(2), true));
        return true;
      case 0x4a: // BININT
        stack.push(this.#view.getInt32(this.#take(4), true));
        return true;
      case 0x8a: // LONG1
        stack.push(this.#long());
        return true;
      case 0x47: // BINFLOAT
        stack.push(this.#view.getFloat64(this.#take(8), false));
        return true;
      case 0x58: // BINUNICODE
        stack.push(this.#text(this.#view.getUint32(this.#take(4), true)));
        return true;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(this.#text(this.#byte()));
        return true;
      case 0x29: // EMPTY_TUPLE
        stack.push(tuple([]));
        return true;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        stack.push(tuple(this.#popMany(code - 0x84)));
        return true;
      case 0x74: // TUPLE
        stack.push(tuple(this.#sinceMark()));
        return true;
      case 0x5d: // EMPTY_LIST
        stack.push(this.#contained([]));
        return true;
      case 0x7d: // EMPTY_DICT
        stack.push(this.#contained(new Map()));
        return true;
      case 0x61: // APPEND
        this.#append([this.#pop()]);
        return true;
      case 0x65: // APPENDS
        this.#append(this.#sinceMark());
        return true;
      case 0x73: // SETITEM
        this.#set(this.#popMany(2));
        return true;
      case 0x75: // SETITEMS
        this.#set(this.#sinceMark());
        return true;
      case 0x71: // BINPUT
        this.#memo.set(this.#byte(), this.#top());
        return true;
      case 0x72: // LONG_BINPUT
        this.#memo.set(this.#view.getUint32(this.#take(4), true), this.#top());
        return true;
      case 0x94: // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top());
        return true;
      case 0x68: // BINGET
        stack.push(this.#remembered(this.#byte()));
        return true;
      case 0x6a: // LONG_BINGET
        stack.push(this.#remembered(this.#view.getUint32(this.#take(4), true)));
        return true;
      case 0x63: // GLOBAL
        stack.push(global(`${this.#line()} ${this.#line()}`));
        return true;
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        stack.push(global(`${module} ${name}`));
        return true;
      }
      case 0x52: {
        // REDUCE
        const [called, args] = this.#popMany(2);
        stack.push(this.#contained(call(called!, args!)));
        return true;
      }
      case 0x62: {
        // BUILD: what a state_dict notes of itself
        this.#pop();
        if (this.#top() instanceof Map) return true;
        throw new PickleFault('its pickle sets the state of something that is no dictionary');
      }
      case 0x51: // BINPERSID
        stack.push(storage(this.#pop()));
        return true;
      default:
        return false;
    }
  }

  #contained(value: Pickled): Pickled {
    if (++this.#containers <= limits.containers) return value;
    throw new PickleFault(`its pickle makes more than ${limits.containers} objects`);
  }

  /** Moves on by so many bytes; the place where they begin. */
  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.bytes.length) throw new PickleFault('its pickle ends early');
    this.#at += count;
    return at;
  }

  #byte(): number {
    return this.#view.getUint8(this.#take(1));
  }

  #text(length: number): string {
    const at = this.#take(length);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.bytes.subarray(at, at + length));
    } catch {
      throw new PickleFault('its pickle has a text that is not UTF-8');
    }
  }

  #line(): string {
    const end = this.bytes.indexOf(0x0a, this.#at);
    if (end === -1) throw new PickleFault('its pickle ends early');
    const text = this.#text(end - this.#at);
    this.#at = end + 1;
    return text;
  }

  #long(): number {
    const length = this.#byte();
    const at = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[at + i]!);
    if (length > 0 && this.bytes[at + length - 1]! >= 0x80) value -= 1n << BigInt(8 * length);
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new PickleFault('its pickle has an integer beyond 2⁵³');
    return number;
  }

  /** The least height of the stack that an instruction may reach down to. */
  get #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #top(): Pickled {
    if (this.#stack.length <= this.#floor) throw new PickleFault('its pickle takes what is not there');
    return this.#stack.at(-1)!;
  }

  #pop(): Pickled {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #popMany(count: number): Pickled[] {
    if (this.#stack.length - count < this.#floor) throw new PickleFault('its pickle takes what is not there');
    return this.#stack.splice(this.#stack.length - count);
  }

  #sinceMark(): Pickled[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw new PickleFault('its pickle takes what is not there');
    return this.#stack.splice(mark);
  }

  #append(values: readonly Pickled[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw new PickleFault('its pickle appends to something that is no list');
    for (const value of values) list.push(value);
  }

  #set(pairs: readonly Pickled[]): void {
    const target = this.#top();
    if (!(target instanceof Map))
      throw new PickleFault('its pickle sets items of something that is no dictionary');
    if (pairs.length % 2 === 1) throw new PickleFault('its pickle sets a key without a value');
    for (let i = 0; i < pairs.length; i += 2) {
      const key = pairs[i]!;
      if (typeof key !== 'string' && typeof key !== 'number')
        throw new PickleFault('its pickle has a key that is neither text nor a number');
      target.set(key, pairs[i + 1]!);
    }
  }

  #remembered(index: number): Pickled {
    const value = this.#memo.get(index);
    if (value === undefined) throw new PickleFault('its pickle refers to what it has not');
    return value;
  }
}
