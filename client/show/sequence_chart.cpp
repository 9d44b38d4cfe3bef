#include "client/show/sequence_chart.h"

#include <algorithm>
#include <fmt/format.h>

#include "client/show/escape.h"
#include "client/show/wrap.h"

namespace client {
namespace {

// In units of the picture, which are CSS pixels at its natural size.
constexpr int kFirstLane = 210, kLaneGap = 430, kMargin = 130;
constexpr int kHead = 118, kRow = 34, kFoot = 70;
constexpr int kBoxWidth = 226, kBoxHeight = 46;
constexpr std::size_t kLabelColumns = 46;    // what fits above an arrow,
constexpr std::size_t kRemarkColumns = 44;   // beside a lane,
constexpr std::size_t kAddressColumns = 27;  // in a lane's box,
constexpr std::size_t kTitleColumns = 60;    // and across the picture
constexpr int kNoteRow = 17, kNoteColumnWidth = 6;

constexpr std::string_view kStyle = R"(<style>
svg{--paper:#fff;--ink:#1f2328;--faint:#59636e;--lane:#d1d9e0;--secret:#116329;--open:#bc4c00;
background:var(--paper);font:14px system-ui,"DejaVu Sans",sans-serif}
@media(prefers-color-scheme:dark){svg{--paper:#0d1117;--ink:#e6edf3;--faint:#9198a1;--lane:#3d444d;
--secret:#56d364;--open:#f0a04b}}
text{fill:var(--ink)}.faint{fill:var(--faint);font-size:12px}.middle{text-anchor:middle}.end{text-anchor:end}
.title{font-size:17px;font-weight:600}.role{font-weight:600}
.time{fill:var(--faint);font:12px ui-monospace,"DejaVu Sans Mono",monospace}
.address{fill:var(--faint);font:12px ui-monospace,"DejaVu Sans Mono",monospace}
.paper{fill:var(--paper)}.box{fill:var(--paper);stroke:var(--lane);stroke-width:1.5}
.lane{stroke:var(--lane);stroke-width:1.5}
.secret{stroke:var(--secret);stroke-width:2.5}.open{stroke:var(--open);stroke-width:1.5;stroke-dasharray:6 4}
.secret-head,.secret-lock{fill:var(--secret)}.open-head{fill:var(--open)}
.cross{fill:none;stroke:var(--open);stroke-width:2.5}
.shackle{fill:none;stroke:var(--secret);stroke-width:1.5}
</style>
)";

std::string marked_up(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string escaped(std::string_view text) {
  return marked_up(printable(text));
}

std::string text_at(int x, int y, std::string_view classes, const std::string& text) {
  return fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\">{}</text>\n", x, y, classes, escaped(text));
}

int lane_x(std::size_t lane) {
  return kFirstLane + static_cast<int>(lane) * kLaneGap;
}

std::string padlock(int x, int y) {
  return fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"10\" height=\"8\" rx=\"1\" class=\"secret-lock\"/>"
      "<path d=\"M{} {}v-2.5a3 3 0 0 1 6 0v2.5\" class=\"shackle\"/>\n",
      x - 5, y - 4, x - 3, y - 4);
}

std::string shaft(int from, int to, int y, bool encrypted) {
  const int tip = to > from ? to - 9 : to + 9;
  const std::string_view kind = encrypted ? "secret" : "open";
  return fmt::format(
      "<line x1=\"{0}\" y1=\"{1}\" x2=\"{2}\" y2=\"{1}\" class=\"{3}\"/>"
      "<path d=\"M{4} {1}L{2} {5}V{6}Z\" class=\"{3}-head\"/>\n",
      from, y, tip, kind, to, y - 5, y + 5);
}

// Ends in a cross at `end`.
std::string broken_shaft(int from, int end, int y, bool encrypted) {
  return fmt::format(
      "<line x1=\"{0}\" y1=\"{1}\" x2=\"{2}\" y2=\"{1}\" class=\"{3}\"/>"
      "<path d=\"M{4} {5}l12 12m0 -12l-12 12\" class=\"cross\"/>\n",
      from, y, end, encrypted ? "secret" : "open", end - 6, y - 6);
}

std::string arrow_at(const SequenceChart::Arrow& arrow, int y) {
  std::string out = text_at(76, y + 4, "time end", fmt::format("{:.3f}", arrow.ms));
  if (arrow.from == arrow.to)
    return out + text_at(lane_x(arrow.from) + 10, y + 4, "faint", cut(arrow.label, kRemarkColumns));
  const int from = lane_x(arrow.from), to = lane_x(arrow.to);
  // Beside the lane that it leaves or reaches first, where it crosses another one.
  const int middle = std::min(from, to) + kLaneGap / 2;
  if (arrow.broken) {
    const int end = from < to ? to - kLaneGap / 2 : to + kLaneGap / 2;
    return out + broken_shaft(from, end, y, arrow.encrypted) +
           text_at(middle, y - 8, "middle", cut(arrow.label, kLabelColumns));
  }
  out += shaft(from, to, y, arrow.encrypted);
  if (arrow.encrypted) out += padlock(from + (to > from ? 18 : -18), y - 10);
  // The size follows the label, in the same line, fainter.
  const std::string size = cut(arrow.size, kLabelColumns / 2);
  const std::string label = cut(arrow.label, kLabelColumns - size.size());
  return out +
         fmt::format(
             "<text x=\"{}\" y=\"{}\" class=\"middle\">{}<tspan class=\"faint\" dx=\"8\">{}</tspan></text>\n",
             middle, y - 6, escaped(label), escaped(size));
}

std::string legend(int y) {
  std::string out = shaft(90, 150, y, true) + padlock(106, y - 10) +
                    text_at(160, y + 5, "faint", "encrypted: read at its two ends alone");
  return out + shaft(400, 460, y, false) +
         text_at(470, y + 5, "faint", "in clear: read by everybody on the path");
}

}  // namespace

std::string to_svg(const SequenceChart& chart) {
  const int width = lane_x(chart.lanes.size() - 1) + kMargin;
  const int bottom = kHead + kRow * static_cast<int>(chart.arrows.size()) + kRow / 2;
  std::vector<std::string> notes;
  const std::size_t columns = static_cast<std::size_t>((width - 48) / kNoteColumnWidth);
  for (const std::string& note : chart.notes)
    for (std::string& row : wrapped(printable(note), columns, 2)) notes.push_back(std::move(row));
  const int height = bottom + kFoot + kNoteRow * static_cast<int>(notes.size());
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "role=\"img\">\n<title>{2}</title>\n{3}<rect width=\"{0}\" height=\"{1}\" class=\"paper\"/>\n",
      width, height, escaped(chart.title), kStyle);
  out +=
      text_at(24, 32, "title", cut(chart.title, kTitleColumns)) + text_at(76, kHead - 20, "time end", "ms");
  for (std::size_t i = 0; i < chart.lanes.size(); ++i) {
    const int x = lane_x(i);
    out += fmt::format(
        "<line x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\" class=\"lane\"/>"
        "<rect x=\"{3}\" y=\"50\" width=\"{4}\" height=\"{5}\" rx=\"6\" class=\"box\"/>\n",
        x, 50 + kBoxHeight, bottom, x - kBoxWidth / 2, kBoxWidth, kBoxHeight);
    out += text_at(x, 69, "role middle", chart.lanes[i].role);
    out += text_at(x, 87, "address middle", cut(chart.lanes[i].address, kAddressColumns));
  }
  for (std::size_t i = 0; i < chart.arrows.size(); ++i)
    out += arrow_at(chart.arrows[i], kHead + kRow / 2 + kRow * static_cast<int>(i) + 4);
  out += legend(bottom + 34);
  for (std::size_t i = 0; i < notes.size(); ++i)  // printable by now, so that a second pass would spoil them
    out += fmt::format("<text x=\"{}\" y=\"{}\" class=\"faint\" xml:space=\"preserve\">{}</text>\n", 24,
                       bottom + kFoot + kNoteRow * static_cast<int>(i), marked_up(notes[i]));
  return out + "</svg>\n";
}

std::string to_text(const SequenceChart& chart) {
  std::size_t wide = 0;
  for (const SequenceChart::Lane& lane : chart.lanes) wide = std::max(wide, lane.role.size());
  std::string out = printable(chart.title) + "\n";
  for (const SequenceChart::Lane& lane : chart.lanes)
    out += fmt::format("  {:{}}  {}\n", lane.role, wide, printable(lane.address));
  out += "  => encrypted   -> in clear   -x lost\n\n";
  for (const SequenceChart::Arrow& arrow : chart.arrows) {
    const std::string label = printable(cut(arrow.label, kLabelColumns));
    if (arrow.from == arrow.to) {
      out += fmt::format("{:>10.3f}  {:>{}}  | {}\n", arrow.ms, chart.lanes[arrow.from].role, wide, label);
      continue;
    }
    out += fmt::format("{:>10.3f}  {:>{}} {} {:<{}}  {}{}{}\n", arrow.ms, chart.lanes[arrow.from].role, wide,
                       arrow.broken      ? "-x"
                       : arrow.encrypted ? "=>"
                                         : "->",
                       chart.lanes[arrow.to].role, wide, label, arrow.size.empty() ? "" : ", ",
                       printable(cut(arrow.size, kLabelColumns / 2)));
  }
  if (!chart.notes.empty()) out += '\n';
  for (const std::string& note : chart.notes)
    for (const std::string& row : wrapped("* " + printable(note), 108, 2)) out += row + '\n';
  return out;
}

std::string to_html(const SequenceChart& chart) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light "
      "dark\">\n"
      "<title>{}</title>\n<style>body{{margin:0}}svg{{display:block;margin:auto;max-width:100%;height:auto}}"
      "@media(prefers-color-scheme:dark){{body{{background:#0d1117}}}}</style>\n{}</html>\n",
      escaped(chart.title), to_svg(chart));
}

}  // namespace client
