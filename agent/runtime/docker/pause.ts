// The sandbox image: one static program of some two hundred bytes, written here as machine code, so that a Pod's first
// container needs no registry and about ten kilobytes of memory. The program is process 1 of a Pod that shares its process
// namespace: it blocks SIGINT, SIGTERM and SIGCHLD, waits for one of them, reaps every child on SIGCHLD and ends with 0 on
// the others. Blocked signals reach process 1 too, whose unhandled ones the kernel would drop.
import { imageArchive } from '../../../src/util/image-archive.ts';

export const PAUSE_IMAGE = 'dray.local/pause:1';

/** Linux x86-64: number in rax, arguments in rdi rsi rdx r10; `syscall` keeps all but rax, rcx and r11. */
const x86_64: readonly (readonly number[])[] = [
  [0x68, 0x02, 0x40, 0x01, 0x00], //  0  push 0x14002        the signal set on the stack: bits SIGINT-1, SIGTERM-1, SIGCHLD-1
  [0x6a, 0x08], //                    5  push 8
  [0x41, 0x5a], //                    7  pop r10             size of a signal set
  [0x31, 0xff], //                    9  xor edi, edi        SIG_BLOCK
  [0x48, 0x89, 0xe6], //             11  mov rsi, rsp        the set
  [0x31, 0xd2], //                   14  xor edx, edx        no old set
  [0x6a, 0x0e], //                   16  push 14
  [0x58], //                         18  pop rax             rt_sigprocmask
  [0x0f, 0x05], //                   19  syscall
  [0x48, 0x89, 0xe7], //             21  wait: mov rdi, rsp  the set
  [0x31, 0xf6], //                   24  xor esi, esi        no siginfo
  [0x31, 0xd2], //                   26  xor edx, edx        no time-out
  [0x31, 0xc0], //                   28  xor eax, eax
  [0xb0, 0x80], //                   30  mov al, 128         rt_sigtimedwait
  [0x0f, 0x05], //                   32  syscall             the signal's number, or an error
  [0x85, 0xc0], //                   34  test eax, eax
  [0x78, 0xef], //                   36  js wait             interrupted by a signal of another kind (38 - 17 = 21)
  [0x3c, 0x11], //                   38  cmp al, 17          SIGCHLD
  [0x75, 0x19], //                   40  jne end             (42 + 25 = 67)
  [0x6a, 0xff], //                   42  reap: push -1
  [0x5f], //                         44  pop rdi             any child
  [0x31, 0xf6], //                   45  xor esi, esi        no status
  [0x6a, 0x01], //                   47  push 1
  [0x5a], //                         49  pop rdx             WNOHANG
  [0x4d, 0x31, 0xd2], //             50  xor r10, r10        no usage
  [0x6a, 0x3d], //                   53  push 61
  [0x58], //                         55  pop rax             wait4
  [0x0f, 0x05], //                   56  syscall             a child's pid; 0 or an error when none is left to reap
  [0x85, 0xc0], //                   58  test eax, eax
  [0x7f, 0xec], //                   60  jg reap             (62 - 20 = 42)
  [0x41, 0xb2, 0x08], //             62  mov r10b, 8         r10 was zero
  [0xeb, 0xd2], //                   65  jmp wait            (67 - 46 = 21)
  [0x31, 0xff], //                   67  end: xor edi, edi
  [0x6a, 0x3c], //                   69  push 60
  [0x58], //                         71  pop rax             exit
  [0x0f, 0x05], //                   72  syscall
];

/** Linux arm64: number in x8, arguments in x0 to x5, one little-endian word an instruction; `svc` keeps all but x0. */
const aarch64: readonly number[] = [
  0xd2880040, //  0  mov  x0, #0x4002
  0xf2a00020, //  4  movk x0, #1, lsl #16     bits SIGINT-1, SIGTERM-1, SIGCHLD-1
  0xf81f0fe0, //  8  str  x0, [sp, #-16]!     the signal set on the stack
  0xd2800000, // 12  mov  x0, #0              SIG_BLOCK
  0x910003e1, // 16  mov  x1, sp              the set
  0xd2800002, // 20  mov  x2, #0              no old set
  0xd2800103, // 24  mov  x3, #8              size of a signal set
  0xd28010e8, // 28  mov  x8, #135            rt_sigprocmask
  0xd4000001, // 32  svc  #0
  0x910003e0, // 36  wait: mov x0, sp         the set
  0xd2800001, // 40  mov  x1, #0              no siginfo
  0xd2800002, // 44  mov  x2, #0              no time-out
  0xd2800103, // 48  mov  x3, #8
  0xd2801128, // 52  mov  x8, #137            rt_sigtimedwait
  0xd4000001, // 56  svc  #0                  the signal's number, or an error
  0x7100441f, // 60  cmp  w0, #17             SIGCHLD
  0x540000c0, // 64  b.eq reap                (64 + 24 = 88)
  0x7100001f, // 68  cmp  w0, #0
  0x54fffeeb, // 72  b.lt wait                interrupted by a signal of another kind (72 - 36 = 36)
  0xd2800000, // 76  mov  x0, #0
  0xd2800ba8, // 80  mov  x8, #93             exit
  0xd4000001, // 84  svc  #0
  0x92800000, // 88  reap: mov x0, #-1        any child
  0xd2800001, // 92  mov  x1, #0              no status
  0xd2800022, // 96  mov  x2, #1              WNOHANG
  0xd2800003, // 100 mov  x3, #0              no usage
  0xd2802088, // 104 mov  x8, #260            wait4
  0xd4000001, // 108 svc  #0                  a child's pid; 0 or an error when none is left to reap
  0x7100001f, // 112 cmp  w0, #0
  0x54ffff2c, // 116 b.gt reap                (116 - 28 = 88)
  0x17ffffeb, // 120 b    wait                (120 - 84 = 36)
];

const BASE = 0x400000;
const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;

/** One readable, executable segment that is the whole file; the code follows the two headers. */
function elf(machine: number, code: Buffer): Buffer {
  const file = Buffer.alloc(ELF_HEADER + PROGRAM_HEADER + code.length);
  file.write('\x7fELF', 0, 'latin1');
  file.set([2, 1, 1], 4); // 64 bits, little-endian, version 1; System V
  file.writeUInt16LE(2, 16); // e_type: executable
  file.writeUInt16LE(machine, 18); // e_machine
  file.writeUInt32LE(1, 20); // e_version
  file.writeBigUInt64LE(BigInt(BASE + ELF_HEADER + PROGRAM_HEADER), 24); // e_entry
  file.writeBigUInt64LE(BigInt(ELF_HEADER), 32); // e_phoff
  file.writeUInt16LE(ELF_HEADER, 52); // e_ehsize
  file.writeUInt16LE(PROGRAM_HEADER, 54); // e_phentsize
  file.writeUInt16LE(1, 56); // e_phnum
  const segment = file.subarray(ELF_HEADER);
  segment.writeUInt32LE(1, 0); // p_type: PT_LOAD
  segment.writeUInt32LE(5, 4); // p_flags: read, execute
  segment.writeBigUInt64LE(BigInt(BASE), 16); // p_vaddr (p_offset is 0)
  segment.writeBigUInt64LE(BigInt(BASE), 24); // p_paddr
  segment.writeBigUInt64LE(BigInt(file.length), 32); // p_filesz
  segment.writeBigUInt64LE(BigInt(file.length), 40); // p_memsz
  segment.writeBigUInt64LE(0x10000n, 48); // p_align: the largest page of both machines
  code.copy(file, ELF_HEADER + PROGRAM_HEADER);
  return file;
}

/** `architecture` in Go's words. @throws Error for a machine there is no program for. */
export function pauseProgram(architecture: string): Buffer {
  if (architecture === 'amd64') return elf(62, Buffer.from(x86_64.flat()));
  if (architecture === 'arm64') {
    const code = Buffer.alloc(aarch64.length * 4);
    aarch64.forEach((word, index) => code.writeUInt32LE(word, index * 4));
    return elf(183, code);
  }
  throw new Error(`there is no sandbox image for ${architecture}: only amd64 and arm64`);
}

/** The image as `docker load` takes it. */
export const pauseArchive = (architecture: string): Buffer => imageArchive({
  tags: [PAUSE_IMAGE],
  architecture,
  config: { Entrypoint: ['/pause'], StopSignal: 'SIGTERM', User: '65535:65535' },
  files: [{ path: 'pause', content: pauseProgram(architecture), mode: 0o755 }],
}).archive;
