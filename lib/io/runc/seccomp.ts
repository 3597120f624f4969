import type { OciSeccomp, OciSyscalls } from "./oci.ts"
import { ALLOWED, ALLOWED_ARM, ALLOWED_WITH, ALLOWED_X86 } from "./seccomp-syscalls.ts"

/**
 * Processors that the built-in filter knows, as Node names them. Programs for x32 are ended: no
 * distribution's kernel runs them, and a third set of numbers makes a container take a third longer,
 * since the time to compile a filter grows with the square of its length.
 */
const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  x64: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
  arm64: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
}

const ALLOW = "SCMP_ACT_ALLOW"
const ERRNO = "SCMP_ACT_ERRNO"
const EPERM = 1
const ENOSYS = 38

/** Socket families that are refused: AF_ALG (38) and AF_VSOCK (40) reach past the container. */
const AF_ALG = 38
const AF_VSOCK = 40

/** Values of personality(2) that change nothing of importance; the last one asks for the current. */
const PERSONALITIES = [0, 0x8, 0x20000, 0x20008, 0xffffffff]

/** Flags of clone(2) that make namespaces. */
const CLONE_NAMESPACES = 0x7e020000

/**
 * The built-in filter of system calls: what ordinary programs use, and what the container's
 * capabilities are for. All else fails with EPERM. Undefined on a processor it does not know.
 * Source: moby/profiles: seccomp/default.json.
 */
export function defaultSeccomp(
  capabilities: ReadonlySet<string>,
  architecture: string,
): OciSeccomp | undefined {
  const architectures = ARCHITECTURES[architecture]
  if (architectures === undefined) return undefined
  const names = [
    ...ALLOWED,
    ...(architecture === "x64" ? ALLOWED_X86 : ALLOWED_ARM),
    ...Object.entries(ALLOWED_WITH).flatMap(([capability, calls]) =>
      capabilities.has(capability) ? calls : [],
    ),
  ]
  return {
    defaultAction: ERRNO,
    defaultErrnoRet: EPERM,
    architectures,
    syscalls: [
      { names: [...new Set(names)], action: ALLOW },
      socket("SCMP_CMP_LT", AF_ALG),
      socket("SCMP_CMP_EQ", AF_ALG + 1),
      socket("SCMP_CMP_GT", AF_VSOCK),
      ...PERSONALITIES.map((value) => personality(value)),
      ...(capabilities.has("CAP_SYS_ADMIN") ? [] : WITHOUT_NAMESPACES),
    ],
  }
}

const socket = (op: string, value: number): OciSyscalls => ({
  names: ["socket"],
  action: ALLOW,
  args: [{ index: 0, value, op }],
})

const personality = (value: number): OciSyscalls => ({
  names: ["personality"],
  action: ALLOW,
  args: [{ index: 0, value, op: "SCMP_CMP_EQ" }],
})

/** clone may not make namespaces; clone3, whose flags no filter sees, seems not to exist. */
const WITHOUT_NAMESPACES: readonly OciSyscalls[] = [
  {
    names: ["clone"],
    action: ALLOW,
    args: [{ index: 0, value: CLONE_NAMESPACES, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
  },
  { names: ["clone3"], action: ERRNO, errnoRet: ENOSYS },
]
