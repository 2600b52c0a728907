export { findBrowser as findChromium } from '../../scripts/find-browser.mjs';
