// Starts the Chromium of the tests, with its default protections.
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser } from 'playwright-core';

/**
 * Its ready-made list of arguments switches web security and site isolation off, and would prove nothing. Every name that ends in
 * `.test` is the loopback interface: other ports of one host are the same site to cookies, other names are not.
 */
const ARGUMENTS = ['--no-sandbox', '--headless=shell', '--no-zygote', '--host-resolver-rules=MAP *.test 127.0.0.1'];

export async function startChromium(): Promise<Browser> {
  return playwright.launch({ executablePath: await chromium.executablePath(), args: ARGUMENTS, headless: true });
}
