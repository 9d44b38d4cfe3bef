// Prometheus' text format, version 0.0.4, as /metrics shows it.
// https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "proxyserver/watching/counters.h"

class Exposition {
 public:
  struct Label {
    std::string_view name;
    std::string_view value;  // any octets: escaped, and what is not printable ASCII as \xHH
  };
  using Labels = std::initializer_list<Label>;

  // Begins a family; its samples follow. `help` and `name` are our own words.
  void counter(std::string_view name, std::string_view help) { family(name, "counter", help); }
  void gauge(std::string_view name, std::string_view help) { family(name, "gauge", help); }
  void histogram(std::string_view name, std::string_view help) { family(name, "histogram", help); }

  // Until the next call every sample has this label, too; none if its value is empty.
  void also(const Label& label) { also_ = label; }
  void sample(Labels labels, std::uint64_t value);
  void sample(Labels labels, double value);
  // The histogram whose counters begin there.
  void samples(Labels labels, const Counters& counters, std::size_t begin);

  std::string take() { return std::move(text_); }

 private:
  void family(std::string_view name, std::string_view type, std::string_view help);
  void begin_sample(std::string_view suffix, Labels labels, std::string_view le);

  std::string text_;
  std::string_view name_;
  Label also_{};
};
