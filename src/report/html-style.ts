/** Style of report.html: light and dark by the reader's preference, light on paper. */
export const REPORT_STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1a2230;--soft:#5b6678;--line:#dfe4ea;--grid:#e8ecf1;--good:#15803d;--warn:#b45309;--bad:#c81e1e;--accent:#1d5fd0;--up:#1d5fd0;--down:#7c3aed;--goodbg:#e7f6ec;--badbg:#fdebeb;--warnbg:#fdf3e1}
@media (prefers-color-scheme:dark){:root:not([data-print]){--bg:#0f141b;--card:#171e28;--ink:#e6ebf2;--soft:#93a0b4;--line:#2a3442;--grid:#232c39;--good:#4ade80;--warn:#fbbf24;--bad:#f87171;--accent:#6ea8fe;--up:#6ea8fe;--down:#c4a1ff;--goodbg:#12291b;--badbg:#331a1c;--warnbg:#302510}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1240px;margin:0 auto;padding:28px 24px 48px}
header{display:flex;gap:20px;align-items:flex-start;justify-content:space-between;flex-wrap:wrap;margin-bottom:22px}
h1{font-size:26px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:17px;margin:34px 0 12px;letter-spacing:-.005em}
h3{font-size:14px;margin:0 0 10px;font-weight:600}
.meta{color:var(--soft);font-size:13.5px;overflow-wrap:anywhere}
.meta b{color:var(--ink);font-weight:600}
.meta span+span::before{content:"·";margin:0 8px;color:var(--line)}
.verdict{border-radius:10px;padding:12px 18px;max-width:460px;border:1px solid}
.verdict strong{display:block;font-size:19px;letter-spacing:.04em}
.verdict span{font-size:13.5px}
.verdict.pass{background:var(--goodbg);border-color:var(--good)}.verdict.pass strong{color:var(--good)}
.verdict.fail{background:var(--badbg);border-color:var(--bad)}.verdict.fail strong{color:var(--bad)}
.verdict.invalid,.verdict.interrupted{background:var(--warnbg);border-color:var(--warn)}
.verdict.invalid strong,.verdict.interrupted strong{color:var(--warn)}
.tiles{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:12px}
.card,.tile{background:var(--card);border:1px solid var(--line);border-radius:10px}
.tile{padding:12px 14px}
.tile .name{color:var(--soft);font-size:12.5px}
.tile .value{font-size:24px;font-weight:650;line-height:1.25;letter-spacing:-.015em}
.tile .note{color:var(--soft);font-size:12.5px}
.card{padding:14px 16px;min-width:0}
.grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:14px}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.soft{color:var(--soft)}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th{color:var(--soft);font-weight:500;text-align:left;border-bottom:1px solid var(--line);padding:5px 10px 5px 0;vertical-align:bottom}
td{padding:5px 10px 5px 0;border-bottom:1px solid var(--grid);vertical-align:top;overflow-wrap:anywhere}
tr:last-child td{border-bottom:0}
th.n,td.n{text-align:right;white-space:nowrap}
td.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:12.5px}
.scroll{overflow-x:auto}
.scroll table.wide{min-width:860px}
.bars{display:grid;grid-template-columns:max-content 1fr max-content max-content;gap:6px 12px;align-items:center;font-size:13.5px}
.bars .track{height:14px;background:var(--grid);border-radius:3px;overflow:hidden}
.bars .fill{height:100%;border-radius:3px;min-width:2px;background:var(--accent)}
.fill.f-good{background:var(--good)!important}.fill.f-warn{background:var(--warn)!important}.fill.f-bad{background:var(--bad)!important}.fill.f-none{display:none}
.bars .n{text-align:right}
.stacked{margin:14px 0}
h3 .soft{font-weight:400}
.wide td{white-space:nowrap}.wide td.mono{white-space:normal;min-width:200px}
.wide td small{display:block;white-space:normal;min-width:190px;font-size:12.5px;color:var(--soft)}
.ladder{margin:8px 0 0;font-size:13px}.ladder summary{cursor:pointer;color:var(--soft);overflow-wrap:anywhere}
.ladder pre{margin:6px 0 0;overflow-x:auto;font:12.5px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.course{display:block;background:var(--grid);border-radius:2px;margin:2px 0}
.pill{white-space:nowrap;display:inline-block;min-width:52px;text-align:center;border-radius:5px;padding:0 8px;font-size:12.5px;font-weight:600}
.pill.pass{background:var(--goodbg);color:var(--good)}.pill.fail{background:var(--badbg);color:var(--bad)}
.chart{height:200px}
.u-legend{font-size:12px!important;text-align:left!important;color:var(--soft)}
.u-legend th,.u-legend td{border:0!important;padding:1px 4px!important}
.u-legend th{color:var(--soft)!important}
.u-legend .u-value{font-variant-numeric:tabular-nums;min-width:3.5em;display:inline-block}
.note{color:var(--soft);font-size:13px;margin:8px 0 0}
footer{color:var(--soft);font-size:12.5px;margin-top:36px;border-top:1px solid var(--line);padding-top:12px}
@media (max-width:820px){.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}.grid{grid-template-columns:minmax(0,1fr)}main{padding:18px 14px}}
@media print{body{background:#fff;font-size:12px}main{max-width:none;padding:0}.card,.tile,tr{break-inside:avoid}h2{break-after:avoid}.grid{grid-template-columns:repeat(2,minmax(0,1fr))}.scroll{overflow:visible}.wide td{white-space:normal}.scroll table.wide{min-width:0}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
