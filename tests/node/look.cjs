// What a real browser makes of pages. In: {"browser", "looks": [{"file", "width", "scheme"}]} on stdin.
// Out: one object for each look on stdout. Nothing is changed in a page but that all its folds are opened for axe.
const { readFileSync } = require("node:fs");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");
const axe = require("axe-core");

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function look(browser, { file, width, scheme }) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  const requests = [];
  const complaints = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => (complaints.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  await page.goto(pathToFileURL(file).href);
  const seen = await page.evaluate(() => ({
    title: document.title,
    ground: getComputedStyle(document.documentElement).backgroundColor,
    window: document.documentElement.clientWidth,
    content: document.documentElement.scrollWidth,
    scripts: document.scripts.length,
    handlers: [...document.querySelectorAll("*")].flatMap((e) => e.getAttributeNames()).filter((n) => n.startsWith("on")),
    outside: [...document.querySelectorAll("[href],[src]")]
      .map((e) => e.getAttribute("href") ?? e.getAttribute("src")).filter((address) => !address.startsWith("#")),
    dangling: [...document.querySelectorAll("a[href^='#']")]
      .map((e) => e.getAttribute("href")).filter((address) => !document.querySelector(address)),
  }));
  await page.keyboard.press("Tab");
  seen.first = await page.evaluate(() => {
    const { left, top } = document.activeElement.getBoundingClientRect();
    return { text: document.activeElement.textContent, inSight: left >= 0 && top >= 0 };
  });
  await page.emulateMedia({ media: "print" });
  seen.hiddenOnPaper = await page.evaluate(async () => {
    for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
    return [...document.querySelectorAll("details > :not(summary)")]
      .filter((e) => !e.checkVisibility({ contentVisibilityAuto: true })).map((e) => e.outerHTML.slice(0, 80));
  });
  await page.emulateMedia({ media: "screen" });
  await page.evaluate(() => document.querySelectorAll("details").forEach((fold) => (fold.open = true)));
  seen.contentUnfolded = await page.evaluate(() => document.documentElement.scrollWidth);
  seen.spilled = await page.evaluate(() =>
    [...document.querySelectorAll("section table")]
      .filter((e) => e.getBoundingClientRect().right > e.closest("section").getBoundingClientRect().right)
      .map((e) => e.outerHTML.slice(0, 80)));
  await page.evaluate(axe.source);
  // of what passes the name is enough: describing each of its thousands of elements takes most of the time
  const options = { resultTypes: ["violations"], runOnly: { type: "tag", values: TAGS } };
  const found = await page.evaluate((options) => axe.run(document, options), options);
  seen.violations = found.violations.map((one) => ({
    id: one.id, help: one.help, nodes: one.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 200)} ${node.failureSummary}`),
  }));
  seen.passes = found.passes.map((one) => one.id);
  await context.close();
  return { ...seen, requests, complaints };
}

async function main() {
  const { browser: executablePath, looks } = JSON.parse(readFileSync(0, "utf8"));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const all = [];
    for (const one of looks) all.push({ ...one, ...(await look(browser, one)) });
    process.stdout.write(JSON.stringify(all));
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
