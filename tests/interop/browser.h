// Debian's chromium without a window: the document of a page once its scripts have run, and its picture.
#pragma once

#include <fmt/format.h>
#include <fstream>

#include "tests/interop/peer.h"

inline std::string base64(const std::string& octets) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < octets.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < octets.size() ? static_cast<unsigned char>(octets[at + i]) : 0);
    for (std::size_t i = 0; i < 4; ++i)
      out += at + i > octets.size() ? '=' : kDigits[group >> (18 - 6 * i) & 63];
  }
  return out;
}

class Browser {
 public:
  explicit Browser(std::string program) : program_(std::move(program)) {}

  // The page's document once its scripts have run.
  std::string document(const std::string& page, bool dark = false) const {
    const std::string file = directory_.file("page.html");
    std::ofstream(file) << page;
    return run({scheme(dark), "--dump-dom", "--virtual-time-budget=10000", "file://" + file});
  }

  // A PNG of the file.
  std::string picture(const std::string& file, bool dark, const std::string& size = "1300,1100") const {
    const std::string png = directory_.file("picture.png");
    run({scheme(dark), "--window-size=" + size, "--hide-scrollbars", "--screenshot=" + png,
         "file://" + file});
    return content_of(png);
  }

 private:
  static std::string scheme(bool dark) {
    return fmt::format("--blink-settings=preferredColorScheme={}", dark ? 0 : 1);
  }

  std::string run(const Arguments& arguments) const {
    Process process(Arguments{program_, "--headless", "--no-sandbox", "--disable-gpu",
                              "--disable-dev-shm-usage", "--user-data-dir=" + directory_.file("profile")} +
                    arguments);
    const auto code = process.wait_exit(net::Deadline::in(std::chrono::seconds(60)));
    INFO(process.error_output());
    REQUIRE(code == 0);
    return process.take_output();
  }

  std::string program_;
  TempDir directory_;
};
