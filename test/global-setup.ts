import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Worker threads start from the built files, so every test run begins with a build. Types are checked by `make check`. */
export default function setup(): void {
  const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
  const project = fileURLToPath(new URL('../tsconfig.build.json', import.meta.url));
  execFileSync(
    process.execPath,
    [tsc, '-p', project, '--noCheck', '--incremental', '--tsBuildInfoFile', 'dist/.tsbuildinfo'],
    {
      stdio: 'inherit',
    },
  );
}
