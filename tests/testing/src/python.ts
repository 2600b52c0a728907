import { spawnSync } from 'node:child_process';

/** The Python whose packages are independent oracles: that of the variable PYTHON, or the system's. */
export const python = process.env.PYTHON ?? '/usr/bin/python3';

/** Whether that Python has the packages, such as 'numpy, scipy'. Tests that want others are skipped. */
export const pythonHas = (packages: string) => spawnSync(python, ['-c', `import ${packages}`]).status === 0;
