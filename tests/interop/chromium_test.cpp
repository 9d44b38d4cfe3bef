// The client's charts in a real browser: drawn in light and in dark, nothing outside the picture, nothing
// fetched.
#include <fmt/format.h>
#include <regex>

#include "tests/interop/browser.h"

using Catch::Matchers::Matches;
using net::Transport;

namespace {

struct Pixels {
  int colours = 0;
  int mean = 0;    // brightness, 0 to 255
  int marked = 0;  // per mille that are not of the commonest colour
};

// The browser itself takes its picture apart.
Pixels pixels_of(const Browser& browser, const std::string& png) {
  const std::string document = browser.document(fmt::format(R"(<body><script>
const image = new Image();
image.onload = () => {{
  const canvas = document.createElement('canvas');
  canvas.width = image.width; canvas.height = image.height;
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, image.width, image.height).data;
  const seen = new Map(); let sum = 0;
  for (let i = 0; i < data.length; i += 4) {{
    const colour = data[i] << 16 | data[i + 1] << 8 | data[i + 2];
    seen.set(colour, (seen.get(colour) || 0) + 1);
    sum += (data[i] + data[i + 1] + data[i + 2]) / 3;
  }}
  const all = data.length / 4;
  document.body.textContent = `colours ${{seen.size}} mean ${{Math.round(sum / all)}} marked ` +
    Math.round(1000 * (1 - Math.max(...seen.values()) / all)) + ' end';
}};
image.src = 'data:image/png;base64,{}';
</script></body>)",
                                                            base64(png)));
  std::smatch found;
  INFO(document.substr(0, 1000));
  REQUIRE(std::regex_search(document, found, std::regex(R"(colours (\d+) mean (\d+) marked (\d+) end)")));
  return {std::stoi(found[1]), std::stoi(found[2]), std::stoi(found[3])};
}

// Texts that leave the picture, or run into the lane's end of the next one.
std::string texts_outside(const Browser& browser, const std::string& svg) {
  return browser.document("<body>" + svg + R"(<script>
const picture = document.querySelector('svg'), whole = picture.viewBox.baseVal;
const texts = [...picture.querySelectorAll('text')];
const outside = texts.filter(text => {
  const box = text.getBBox();
  return box.x < 0 || box.y < 0 || box.x + box.width > whole.width || box.y + box.height > whole.height;
});
document.body.textContent = `texts ${texts.length} outside ${outside.length}: ` +
  outside.map(text => text.textContent).join('; ') + ' end';
</script></body>)");
}

}  // namespace

TEST_CASE("a chart shows in chromium, in light and in dark, with all its text inside") {
  const auto program = find_peer("chromium");
  if (!program) return;
  const Browser browser(*program);
  const LabResolver resolver;
  const TempDir directory;
  const Proxy proxy(resolver, Transport::tls, {"--trace", directory.file("trace")});
  const auto draw = [&](const std::string& file, const std::string& name) {
    const Outcome outcome =
        run_client({"@" + proxy.endpoint(Transport::tls).to_string(), "--ca", proxy.ca_file(), "--chart",
                    file, "--proxy-trace", directory.file("trace"), name, "www.example.com"});
    REQUIRE(outcome.exit_code == 0);
    return file;
  };
  const std::string wide(63, 'W');
  for (const std::string& name : {std::string("google.com"), wide + '.' + wide + ".example"})
    CHECK_THAT(texts_outside(browser, content_of(draw(directory.file("chart.svg"), name))),
               Matches("[^]*texts [1-9][0-9]+ outside 0:  end[^]*"));
  for (const char* const kind : {"chart.svg", "chart.html"}) {
    CAPTURE(kind);
    const std::string file = draw(directory.file(kind), "google.com");
    const Pixels light = pixels_of(browser, browser.picture(file, false));
    const Pixels dark = pixels_of(browser, browser.picture(file, true));
    for (const Pixels& pixels : {light, dark}) {
      CHECK(pixels.colours > 50);
      CHECK(pixels.marked > 10);
    }
    CHECK(light.mean > 200);
    CHECK(dark.mean < 60);
  }
}
