// Pictures of pages for the documents, as PNG with a palette. In: {"browser", "shots": [{"file", "out", "width", "height",
// "scheme", "at"}]} on stdin; "at" is a selector to scroll to. The commonest 255 colours are kept, others become the
// nearest of them: text on plain ground loses nothing that is seen, and the file is a quarter as large.
const { readFileSync, writeFileSync } = require("node:fs");
const { pathToFileURL } = require("node:url");
const { crc32, deflateSync } = require("node:zlib");
const { chromium } = require("playwright-core");

const COLOURS = 255;

async function pixels(page, png) {
  const found = await page.evaluate(async (base) => {
    const bytes = Uint8Array.from(atob(base), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const drawing = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    drawing.drawImage(bitmap, 0, 0);
    const { data } = drawing.getImageData(0, 0, bitmap.width, bitmap.height);
    let text = "";
    for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
    return { width: bitmap.width, height: bitmap.height, data: btoa(text) };
  }, png.toString("base64"));
  return { ...found, data: Buffer.from(found.data, "base64") };
}

function palette(data) {
  const counts = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const colour = data.readUIntBE(at, 3);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, COLOURS).map(([colour]) => colour);
}

function nearest(colours) {
  const known = new Map(colours.map((colour, at) => [colour, at]));
  const apart = (a, b) => [16, 8, 0].reduce((sum, by) => sum + (((a >> by) & 255) - ((b >> by) & 255)) ** 2, 0);
  return (colour) => {
    if (!known.has(colour)) {
      let best = 0;
      colours.forEach((one, at) => { if (apart(one, colour) < apart(colours[best], colour)) best = at; });
      known.set(colour, best);
    }
    return known.get(colour);
  };
}

function chunk(type, body) {
  const named = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(body.length, 0);
  ends.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([ends.subarray(0, 4), named, ends.subarray(4)]);
}

function encoded({ width, height, data }) {
  const colours = palette(data);
  const place = nearest(colours);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rows[y * (width + 1) + 1 + x] = place(data.readUIntBE((y * width + x) * 4, 3));
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const table = Buffer.from(colours.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  const parts = [["IHDR", head], ["PLTE", table], ["IDAT", deflateSync(rows, { level: 9, memLevel: 9 })], ["IEND", Buffer.alloc(0)]];
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), ...parts.map((part) => chunk(...part))]);
}

async function shoot(browser, { file, out, width, height, scheme, at }) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const page = await context.newPage();
  await page.goto(pathToFileURL(file).href);
  if (at) await page.evaluate((selector) => document.querySelector(selector).scrollIntoView(), at);
  const png = await page.screenshot();
  const blank = await context.newPage();
  writeFileSync(out, encoded(await pixels(blank, png)));
  await context.close();
}

async function main() {
  const { browser: executablePath, shots } = JSON.parse(readFileSync(0, "utf8"));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-lcd-text"] });
  try {
    for (const one of shots) await shoot(browser, one);
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
