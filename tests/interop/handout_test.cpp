// The course as pages (tests/lab/handout.sh): what they are made of, and how they look in a real browser, on
// a phone and on a desk. The look is held against approved/: after a change that is meant, run with
// APPROVE=1.
#include <fmt/ranges.h>
#include <regex>
#include <sys/stat.h>

#include "tests/interop/browser.h"

namespace {

const std::string kLab = LAB;

// Runs tests/lab/handout.sh with our programs; returns the folder's files by their content.
void make_pages(const TempDir& folder, const Arguments& exercises) {
  const char* const path = std::getenv("PATH");
  run_to_end(Arguments{"/usr/bin/env", fmt::format("PATH={}:{}", PROGRAM_PATH, path == nullptr ? "" : path),
                       kLab + "/handout.sh", folder.file("pages")} +
             exercises);
}

std::string page_of(const TempDir& folder, const std::string& name) {
  return content_of(folder.file("pages/" + name));
}

std::vector<std::string> all_matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at)
    found.push_back((*at)[1].str());
  return found;
}

// What is wrong with the nesting of the elements; empty: nothing. Style sheets are no elements.
std::string nesting_fault(const std::string& page) {
  std::vector<std::string> open;
  const std::regex tag(R"(<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[ \n][^<>]*)?)>)");
  for (std::sregex_iterator at(page.begin(), page.end(), tag), end; at != end; ++at) {
    const std::string name = (*at)[2];
    if (name == "meta" || (*at)[3].str().ends_with('/')) continue;
    if ((*at)[1].length() == 0) {
      open.push_back(name);
      continue;
    }
    if (open.empty() || open.back() != name)
      return fmt::format("</{}> ends <{}>", name, open.empty() ? "" : open.back());
    open.pop_back();
  }
  return open.empty() ? "" : fmt::format("<{}> is not ended", open.back());
}

// What a screen reader, a phone and a machine without a network need of each page.
void check_structure(const TempDir& folder, const std::string& page) {
  CHECK(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">\n"));
  CHECK(page.find("<meta name=\"viewport\"") != std::string::npos);
  CHECK(nesting_fault(page) == "");
  CHECK(all_matches(page, "(<main[ >])").size() == 1);
  CHECK(all_matches(page, "(<h1[ >])").size() == 1);
  int level = 0;
  for (const std::string& heading : all_matches(page, "<h([1-6])[ >]")) {
    CHECK(std::stoi(heading) <= level + 1);
    level = std::stoi(heading);
  }
  CHECK(all_matches(page, R"((<(script|link|img|iframe|object|embed|audio|video)\b))").empty());
  CHECK(all_matches(page, R"((\ssrc=|\son[a-z]+=|@import|url\(|xlink:))").empty());
  CHECK(page.find("http:") == std::string::npos);
  CHECK(page.find("https:") == std::string::npos);
  for (const std::string& target : all_matches(page, "href=\"([^\"]*)\"")) {
    INFO("a link to " << target);
    if (target.starts_with('#'))
      CHECK(page.find("id=\"" + target.substr(1) + "\"") != std::string::npos);
    else
      CHECK(access(folder.file("pages/" + target).c_str(), R_OK) == 0);
  }
  const auto labels = all_matches(page, "aria-labelledby=\"([^\"]*)\"");
  for (const std::string& label : labels) CHECK(all_matches(page, "(id=\"" + label + "\")").size() == 1);
  CHECK(all_matches(page, "(<svg[ >])").size() == all_matches(page, "(</title><desc>[^<]+</desc>)").size());
  CHECK(all_matches(page, "(<table>)").size() ==
        all_matches(page, "(<caption>[^<]+</caption><thead>)").size());
}

// A page whose picture is the same on every machine: an exercise that shows a golden run.
std::string sample_page(const TempDir& folder) {
  const std::string exercise = write_file(folder, "01-sample.sh",
                                          fmt::format(R"(#!/usr/bin/env bash
# A sample: a kept run, seen again (5 minutes)
source "{}/lesson.sh"
cp "{}/first_query.run" .
phase "A run that was kept"
say "This page is made of a run that was kept, so that it looks the same on every machine and on every day."
run client --replay first_query.run
look "the line 'status: NOERROR', the ANSWER SECTION, and below it how the answer came."
expect 'status: NOERROR'
phase "The same in one line per step"
run client --replay first_query.run --explain=short +noall
run client --replay no-such.run
expect_status 1
)",
                                                      kLab, KEPT_DIR));
  REQUIRE(chmod(exercise.c_str(), 0700) == 0);
  make_pages(folder, {exercise});
  return page_of(folder, "01-sample.html");
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

// A page in a page, so wide: scripts of the outer one can look into it.
std::string frame(const std::string& page, int width) {
  return fmt::format("<iframe style=\"width:{}px;height:1600px;border:0;float:left\" srcdoc=\"{}\"></iframe>",
                     width, replaced(replaced(page, "&", "&amp;"), "\"", "&quot;"));
}

constexpr int kPhone = 390, kDesk = 1280;

// Four pages side by side: as it should be on a phone and on a desk, then both without the style sheet.
std::string frames(const std::string& page) {
  const std::size_t begin = page.find("<style>"), end = page.find("</style>");
  REQUIRE(begin < end);
  REQUIRE(end < page.find("</head>"));
  const std::string bare = page.substr(0, begin) + page.substr(end + 8);
  return "<!DOCTYPE html><body style=\"margin:0;width:3400px\">" + frame(page, kPhone) + frame(page, kDesk) +
         frame(bare, kPhone) + frame(bare, kDesk);
}

// Of each frame: by how much its page is wider than the frame, the least contrast of any text, and where.
constexpr const char* kLayout = R"(<script>
const light = c => { const v = c / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
const numbers = colour => colour.match(/[\d.]+/g).map(Number);
const luminance = c => 0.2126 * light(c[0]) + 0.7152 * light(c[1]) + 0.0722 * light(c[2]);
function ground(element) {
  for (; element; element = element.parentElement) {
    const c = numbers(element.ownerDocument.defaultView.getComputedStyle(element).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c;
  }
  return [255, 255, 255];
}
onload = () => {
  const lines = [];
  for (const inner of document.querySelectorAll('iframe')) {
    const page = inner.contentDocument;
    let least = 21, where = '';
    for (const element of page.querySelectorAll('body *')) {
      const text = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim() !== '');
      if (!text || element.closest('style, title, desc')) continue;
      const style = inner.contentWindow.getComputedStyle(element);
      const a = luminance(numbers(element.closest('svg') ? style.fill : style.color)), b = luminance(ground(element));
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (contrast < least) { least = contrast; where = element.localName + '.' + element.getAttribute('class'); }
    }
    lines.push(`frame over ${page.documentElement.scrollWidth - page.documentElement.clientWidth} contrast ${least.toFixed(2)} ${where}`);
  }
  document.body.textContent = lines.join('; ') + '; end';
};
</script>)";

struct Layout {
  int over;         // pixels that the page is wider than the screen
  double contrast;  // the least
  std::string where;
};

std::vector<Layout> layouts_of(const Browser& browser, const std::string& frames, bool dark) {
  const std::string document = browser.document(frames + kLayout, dark);
  std::vector<Layout> layouts;
  const std::regex row(R"(frame over (-?\d+) contrast ([\d.]+) ([^;]*);)");
  for (std::sregex_iterator at(document.begin(), document.end(), row), end; at != end; ++at)
    layouts.push_back({std::stoi((*at)[1]), std::stod((*at)[2]), (*at)[3]});
  INFO(document.substr(0, 1000));
  REQUIRE(layouts.size() == 4);
  return layouts;
}

// The picture of `frames` in grey squares of ten pixels, each frame held against its approved picture: the
// mean difference of the squares, 0 to 255. With APPROVE set the first two become what is approved.
constexpr const char* kCompare = R"(
const load = source => new Promise((done, fail) => {{
  const image = new Image(); image.onload = () => done(image); image.onerror = () => done(null); image.src = source;
}});
const drawn = (image, x, width, height) => {{
  const canvas = document.createElement('canvas'); canvas.width = width; canvas.height = height;
  const context = canvas.getContext('2d'); context.drawImage(image, -x, 0);
  return context.getImageData(0, 0, width, height).data;
}};
function grey(image, x, width, height, side) {{
  const data = drawn(image, x, width, height), squares = [];
  for (let top = 0; top < height; top += side) for (let left = 0; left < width; left += side) {{
    let sum = 0;
    for (let y = top; y < top + side; ++y) for (let i = left; i < left + side; ++i) {{
      const at = 4 * (y * width + i); sum += (data[at] + data[at + 1] + data[at + 2]) / 3;
    }}
    squares.push(Math.round(sum / side / side));
  }}
  return squares;
}}
function picture(squares, width) {{
  const canvas = document.createElement('canvas'); canvas.width = width; canvas.height = squares.length / width;
  const context = canvas.getContext('2d'), data = context.createImageData(width, canvas.height);
  squares.forEach((value, i) => data.data.set([value, value, value, 255], 4 * i));
  context.putImageData(data, 0, 0);
  return canvas.toDataURL('image/png');
}}
(async () => {{
  const whole = await load('data:image/png;base64,{whole}'), lines = [];
  const approved = [await load('data:image/png;base64,{phone}'), await load('data:image/png;base64,{desk}')];
  const widths = [{phone_width}, {desk_width}];
  let x = 0;
  for (let i = 0; i < 4; ++i) {{
    const width = widths[i % 2], now = grey(whole, x, width, 1600, 10);
    x += width;
    const then = approved[i % 2] && grey(approved[i % 2], 0, width / 10, 160, 1);
    const off = then ? now.reduce((sum, value, at) => sum + Math.abs(value - then[at]), 0) / now.length : 255;
    lines.push(`off ${{off.toFixed(2)}}`);
    if (i < 2) lines.push('png ' + picture(now, width / 10).split(',')[1]);
  }}
  document.body.textContent = lines.join('; ') + '; end';
}})();
)";

std::string from_base64(const std::string& text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) break;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if ((count += 6) < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

std::vector<double> differences(const Browser& browser, const std::string& picture) {
  const std::string phone = HANDOUT_APPROVED "/handout_phone.png",
                    desk = HANDOUT_APPROVED "/handout_desk.png";
  const std::string document = browser.document(
      "<body><script>" +
      fmt::format(fmt::runtime(kCompare), fmt::arg("whole", base64(picture)),
                  fmt::arg("phone", base64(content_of(phone))), fmt::arg("desk", base64(content_of(desk))),
                  fmt::arg("phone_width", kPhone), fmt::arg("desk_width", kDesk)) +
      "</script></body>");
  if (std::getenv("APPROVE") != nullptr) {
    std::size_t at = 0;  // not by std::regex, whose recursion such a length is too much for
    for (const std::string& file : {phone, desk}) {
      at = document.find("png ", at) + 4;
      const std::size_t end = document.find(';', at);
      REQUIRE(end != std::string::npos);
      std::ofstream(file, std::ios::binary) << from_base64(document.substr(at, end - at));
    }
  }
  std::vector<double> off;
  for (const std::string& number : all_matches(document, R"(off ([\d.]+);)"))
    off.push_back(std::stod(number));
  REQUIRE(off.size() == 4);
  return off;
}

}  // namespace

TEST_CASE(
    "the course as pages: elements nest, headings are in order, links lead somewhere, nothing is fetched") {
  const TempDir folder;
  make_pages(folder, {kLab + "/exercises/01-first-query.sh", kLab + "/exercises/05-expired.sh"});
  for (const char* const name : {"index.html", "01-first-query.html", "05-expired.html"}) {
    CAPTURE(name);
    check_structure(folder, page_of(folder, name));
  }
  const std::string page = page_of(folder, "01-first-query.html");
  CHECK(page.find("<h1>A first query: who asks, who answers, and how the answer came</h1>") !=
        std::string::npos);
  CHECK(page.find("<span class=\"name\">google.com.</span>") != std::string::npos);
  CHECK(page.find("--save") == std::string::npos);
  CHECK(all_matches(page, "(<summary>The answer</summary>)").size() >= 5);
  CHECK(all_matches(page, "(<svg[ >])").size() == 3);
  CHECK(all_matches(page, "(<table>)").size() == 3);
  CHECK(page_of(folder, "05-expired.html").find("<p class=\"bad\">Exit code 24</p>") != std::string::npos);
  CHECK(nesting_fault("<p><b></p></b>") == "</p> ends <b>");
}

TEST_CASE(
    "a page of the course looks as approved on a phone and on a desk, and can be read in light and in dark") {
  const auto program = find_peer("chromium");
  if (!program) return;
  const Browser browser(*program);
  const TempDir folder;
  // The fonts that install.sh brings, in place of those that this machine likes best.
  const std::string page = replaced(replaced(sample_page(folder), "system-ui,", ""), "ui-monospace,", "");
  const std::string all = frames(page);
  for (const bool dark : {false, true}) {
    const auto layouts = layouts_of(browser, all, dark);
    for (std::size_t i = 0; i < 2; ++i) {
      INFO((dark ? "dark, " : "light, ") << layouts[i].where);
      CHECK(layouts[i].over <= 0);
      CHECK(layouts[i].contrast >= 4.5);
    }
    CHECK(layouts[2].over > 0);  // it is the style sheet that keeps it within a phone's width
  }
  const auto off =
      differences(browser, browser.picture(write_file(folder, "frames.html", all), false, "3400,1600"));
  constexpr double kTolerance = 3;  // two runs on one machine differ by 0, a line of other height by more
  INFO(fmt::format("differences {}", fmt::join(off, " ")));
  CHECK(off[0] < kTolerance);
  CHECK(off[1] < kTolerance);
  CHECK(off[2] > 2 * kTolerance);  // without the style sheet
  CHECK(off[3] > 2 * kTolerance);
}
