import fc from 'fast-check';

// All drawn cases come from this seed, which the message of a failure names: SSHN_TEST_SEED=$RANDOM draws others.
fc.configureGlobal({ seed: Number(process.env.SSHN_TEST_SEED ?? 1) });
