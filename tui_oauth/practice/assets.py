"""The style sheet, the one script and the icon of the practice provider's pages.

The pages work without the script: it only adds Copy buttons.
"""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f5f1; --card: #ffffff; --ink: #1d2329; --soft: #5a646e; --line: #dcdad2;
  --field: #ffffff; --edge: #84898e; --mark: #1f6f54; --mark-ink: #ffffff; --tint: #e6f1ec;
  --bad: #a3261d; --bad-tint: #fbeae8; --shadow: 0 1px 2px #0000000f, 0 8px 24px #0000000a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181c; --card: #1c2227; --ink: #e8eaec; --soft: #a3adb6; --line: #323a42;
    --field: #14181c; --edge: #737d87; --mark: #6cc7a3; --mark-ink: #0b1a14; --tint: #1d3229;
    --bad: #ff9d94; --bad-tint: #3a2220; --shadow: none;
  }
}
* { box-sizing: border-box; }
html { font: 16px/1.5 system-ui, "Segoe UI", "Liberation Sans", sans-serif; }
body { margin: 0; background: var(--page); color: var(--ink); min-height: 100vh; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .4rem; text-wrap: balance; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
p { margin: 0 0 .8rem; max-width: 62ch; }
a { color: var(--mark); }
.soft { color: var(--soft); }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
.hub { display: grid; grid-template-columns: 15rem 1fr; min-height: 100vh; }
.side { border-right: 1px solid var(--line); padding: 1.5rem 1rem; background: var(--card); }
.brand { display: flex; gap: .6rem; align-items: center; font-weight: 650; color: var(--ink);
  text-decoration: none; padding: 0 .6rem; }
.brand svg { flex: none; }
.side .note { font-size: .85rem; padding: .35rem .6rem 0; }
.side ul { list-style: none; margin: 1.2rem 0 0; padding: 0; }
.side .head { font-size: .85rem; color: var(--soft); padding: 0 .6rem .2rem; overflow-wrap: anywhere; }
.side li a { display: block; padding: .45rem .6rem; border-radius: .4rem; color: var(--ink);
  text-decoration: none; }
.side li a:hover { background: var(--page); }
.side li a[aria-current] { background: var(--tint); color: var(--mark); font-weight: 600; }
main { padding: 2.2rem 2.5rem 4rem; max-width: 58rem; min-width: 0; }
.top { display: flex; justify-content: space-between; align-items: start; gap: 1rem; margin-bottom: 1.4rem; }
.top .button, .top button { flex: none; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .7rem;
  padding: 1.3rem 1.5rem; margin: 0 0 1.2rem; box-shadow: var(--shadow); }
.card > :last-child { margin-bottom: 0; }
.button, button { font: inherit; font-weight: 600; padding: .55rem 1.1rem; border-radius: .45rem; cursor: pointer;
  border: 1px solid var(--edge); background: var(--card); color: var(--ink); text-decoration: none; display: inline-block; }
.button:hover, button:hover { border-color: var(--ink); }
.main { background: var(--mark); border-color: var(--mark); color: var(--mark-ink); }
.main:hover { filter: brightness(1.08); border-color: var(--mark); }
.quiet { border-color: transparent; background: none; color: var(--mark); padding-inline: .6rem; }
.actions { display: flex; gap: .7rem; flex-wrap: wrap; margin-top: 1.2rem; }
label, legend { font-weight: 600; }
.field { margin: 0 0 1.2rem; }
.field label { display: block; margin-bottom: .3rem; }
.field .help { font-size: .9rem; margin: .3rem 0 0; }
input[type=text], select { font: inherit; width: 100%; max-width: 34rem; padding: .55rem .7rem;
  border: 1px solid var(--edge); border-radius: .4rem; background: var(--field); color: var(--ink); }
input[name=link], code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .93em; }
input[aria-invalid] { border-color: var(--bad); border-width: 2px; }
input[type=checkbox], input[type=radio] { accent-color: var(--mark); width: 1.1rem; height: 1.1rem; margin: .22rem 0 0; flex: none; }
fieldset { border: 0; padding: 0; margin: 0 0 1.2rem; min-width: 0; }
legend { padding: 0; margin-bottom: .5rem; }
.tick { display: flex; gap: .6rem; padding: .22rem 0; }
.tick label { font-weight: 400; }
.tick label b { display: block; }
.ticks { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 0 1.5rem; }
.link { display: flex; gap: .5rem; align-items: center; margin-bottom: .5rem; }
.link input { flex: 1; max-width: none; min-width: 0; }
.error { color: var(--bad); font-weight: 600; margin: .2rem 0 .6rem; }
main > h1 { margin-bottom: 1.1rem; }
main > h1:has(+ .soft) { margin-bottom: .4rem; }
.notice { max-width: none; border-radius: .5rem; padding: .7rem 1rem; background: var(--tint); margin: 0 0 1.2rem; }
.notice.bad { background: var(--bad-tint); color: var(--bad); font-weight: 600; }
form:not(:has(#use-oauth:checked)) .with-oauth { display: none; }
.apps { list-style: none; margin: 0; padding: 0; }
.apps li { display: flex; align-items: center; gap: 1rem; padding: .9rem 0; border-top: 1px solid var(--line); }
.apps li:first-child { border-top: 0; padding-top: 0; }
.apps li:last-child { padding-bottom: 0; }
.apps a { font-weight: 600; overflow-wrap: anywhere; }
.apps div { min-width: 0; flex: 1; }
.sign { display: grid; place-items: center; flex: none; width: 2.6rem; height: 2.6rem; border-radius: .6rem;
  background: var(--tint); color: var(--mark); font-weight: 700; font-size: 1.15rem; }
dl { margin: 0; } dt { font-weight: 600; margin-top: 1rem; } dt:first-child { margin-top: 0; }
dd { margin: .3rem 0 0; overflow-wrap: anywhere; }
.value { display: inline-block; user-select: all; padding: .5rem .7rem; border: 1px solid var(--line);
  border-radius: .4rem; background: var(--page); overflow-wrap: anywhere; }
dd .quiet { margin-left: .3rem; }
.plain { margin: 0; padding-left: 1.2rem; }
.plain li { padding: .12rem 0; overflow-wrap: anywhere; }
.consent { display: grid; place-items: center; min-height: 100vh; padding: 1.5rem; }
.consent main { padding: 0; width: 100%; max-width: 31rem; }
.consent.wide main { max-width: 44rem; }
.consent .card { padding: 2rem; }
.consent .pair { display: flex; align-items: center; gap: .7rem; margin-bottom: 1.2rem; color: var(--soft); }
.consent .big { display: block; width: 100%; font-size: 1.1rem; padding: .85rem 1rem; }
.consent .actions { flex-direction: column; gap: .4rem; }
.consent.wide .actions { flex-direction: row; }
.consent .actions .quiet { width: 100%; color: var(--soft); }
.consent #user-code { font-size: 1.5rem; letter-spacing: .08em; }
.consent .foot { font-size: .9rem; text-align: center; margin: 0 auto; overflow-wrap: anywhere; }
.compare > div + div { margin-top: 1rem; }
.compare code { display: block; padding: .5rem .7rem; background: var(--page); border: 1px solid var(--line);
  border-radius: .4rem; overflow-wrap: anywhere; user-select: all; margin-top: .3rem; }
@media (max-width: 46rem) {
  .hub { grid-template-columns: 1fr; }
  .side { border-right: 0; border-bottom: 1px solid var(--line); padding: 1rem; }
  .side ul { margin-top: .6rem; }
  main { padding: 1.5rem 1rem 3rem; }
  .consent .card { padding: 1.3rem; }
}
""".strip()

SCRIPT = """
for (const value of document.querySelectorAll(".value[id]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = "Copy";
  button.setAttribute("aria-describedby", value.id + "-label");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(value.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(value);
      button.textContent = "Selected: press Ctrl+C";
    }
  });
  value.after(button);
}
""".strip()

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28" viewBox="0 0 28 28" aria-hidden="true">'
    '<rect width="28" height="28" rx="7" fill="#1f6f54"/>'
    '<circle cx="11" cy="14" r="4.2" fill="none" stroke="#fff" stroke-width="2.4"/>'
    '<path d="M15 14h8m-3 0v4" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round"/></svg>'
)
