"""How the report looks: quiet, wide margins, one column that also fits a telephone."""

STYLE = """
:root {
  color-scheme: light;
  --ink: #26323a; --soft: #5d6b75; --faint: #8a98a3; --line: #e3e7ea; --paper: #fbfaf8;
  --card: #ffffff; --blue: #2f6f9f; --orange: #d1603d; --green: #4d7f4c; --wash: #eef4f8;
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC",
    "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
}
main { max-width: 60rem; margin: 0 auto; padding: 4rem 1.25rem 5rem; }
h1, h2 { font-family: Charter, "Iowan Old Style", Palatino, "Noto Serif", "Songti SC",
  "Noto Serif CJK SC", Georgia, serif; line-height: 1.2; font-weight: 600; }
h1 { font-size: clamp(2rem, 5vw, 2.9rem); margin: 0 0 .6rem; letter-spacing: -.015em; }
h2 { font-size: 1.5rem; margin: 4rem 0 .4rem; }
h3 { font-size: 1rem; margin: 0 0 .6rem; font-weight: 600; }
p { margin: .4rem 0 1.2rem; max-width: 42rem; color: var(--soft); }
p.lead { font-size: 1.15rem; color: var(--ink); }
a { color: var(--blue); }
code, pre { font: .9em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 1.25rem; min-width: 0; }
.grid { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); }
.figures { display: grid; gap: 1rem; margin-top: 2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 12.5rem), 1fr)); }
.figures .card { padding: 1.1rem 1.25rem; }
.figures b { display: block; font-size: 1.9rem; line-height: 1.25; font-weight: 600;
  font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
.figures span { color: var(--soft); font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .6rem .9rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { font-size: .82rem; font-weight: 600; color: var(--soft); }
tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; white-space: nowrap; }
.shares { min-width: 40rem; }
.shares td { font-size: 1.1rem; }
.shares th small { font-weight: 400; }
.bar, .bar i { display: block; height: 5px; border-radius: 3px; }
.bar { margin-top: .35rem; background: var(--line); }
.bar i { background: var(--blue); }
.bar i.control { background: var(--faint); }
.right { color: var(--green); } .wrong { color: var(--orange); }
td.mark { width: 1.6rem; padding-right: 0; font-weight: 700; }
td small { color: var(--faint); display: block; }
details { margin-top: 1rem; }
details > summary { cursor: pointer; color: var(--blue); padding: .3rem 0; }
details > summary small { color: var(--faint); }
.talk { display: flex; flex-direction: column; gap: .55rem; max-width: 38rem; }
.talk div { padding: .6rem 1rem; border-radius: 16px; max-width: 85%; overflow-wrap: anywhere; }
.talk .user { align-self: flex-end; background: var(--blue); color: #fff;
  border-bottom-right-radius: 5px; }
.talk .model { align-self: flex-start; background: var(--card); border: 1px solid var(--line);
  border-bottom-left-radius: 5px; margin-bottom: .6rem; }
figure { margin: 0; }
figure img { display: block; width: 100%; height: auto; }
figure svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figcaption { color: var(--soft); font-size: .9rem; margin-top: .6rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
@media (max-width: 44rem) {
  main { padding: 2.5rem 1rem 3rem; }
  .shares { min-width: 0; font-size: .85rem; }
  .shares td { font-size: .95rem; }
  .shares th small { display: none; }
  .shares th, .shares td { padding: .5rem .35rem; overflow-wrap: normal; }
}
footer { margin-top: 4rem; color: var(--faint); font-size: .9rem; }
"""
