import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { clock, printable } from './format.js';
import { CHART_SCRIPT, type ChartsData } from './html-charts.js';
import { escapeHtml } from './html-sections.js';
import { REPORT_STYLE } from './html-style.js';

/**
 * A page that needs nothing else. uPlot is put into it from the installed package; a content security policy allows these two
 * scripts by their hash and nothing from anywhere else, so that no string of a far end can do anything in the page.
 * @param body HTML; what came from outside is escaped in it
 */
export function htmlPage(title: string, body: string, charts: ChartsData): string {
  const { script, style } = uplot();
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src ${hash(script)} ${hash(CHART_SCRIPT)}; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(`${title} · trunkstorm`)}</title>
<style>${style}${REPORT_STYLE}</style>
</head>
<body>
<main>
${body}
</main>
<script type="application/json" id="run-data">${scriptJson(charts)}</script>
<script>${script}</script>
<script>${CHART_SCRIPT}</script>
</body>
</html>
`;
}

interface Heading {
  name: string;
  target: string;
  seed: number;
  /** ISO 8601. */
  startedAt: string;
  durationMs: number;
  version: string;
}

/** What was run against what and when, and what came of it. @param further what else stands beside the time */
export function pageHeader(
  { name, target, seed, startedAt, durationMs, version }: Heading,
  verdict: { style: string; word: string; reason: string },
  further: readonly string[] = [],
): string {
  const started = printable(startedAt)
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
  const spans = [started, `took ${clock(durationMs)}`, `trunkstorm ${printable(version)}`, ...further.map(printable)];
  return `<header>
<div>
<h1>${escapeHtml(printable(name))}</h1>
<div class="meta"><span>target <b>${escapeHtml(printable(target))}</b></span><span>seed <b>${escapeHtml(String(seed))}</b></span></div>
<div class="meta">${spans.map((span) => `<span>${escapeHtml(span)}</span>`).join('')}</div>
</div>
<div class="verdict ${verdict.style}"><strong>${escapeHtml(verdict.word)}</strong><span>${escapeHtml(verdict.reason)}</span></div>
</header>`;
}

/** JSON that cannot end the script element that holds it. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function hash(script: string): string {
  return `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
}

let loaded: { script: string; style: string } | null = null;

function uplot(): { script: string; style: string } {
  if (!loaded) {
    const directory = dirname(createRequire(import.meta.url).resolve('uplot'));
    const read = (file: string): string => readFileSync(join(directory, file), 'utf8');
    loaded = { script: read('uPlot.iife.min.js'), style: read('uPlot.min.css') };
  }
  return loaded;
}
