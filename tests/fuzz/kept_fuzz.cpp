// A kept run's file: whatever it says, the reader refuses it with a line of reason, or every view can show it
// and nothing unprintable comes out; and what is written of it reads as the same.
#include "client/kept_run.h"
#include "client/show/chart.h"
#include "client/show/eavesdropper.h"
#include "client/show/explain.h"
#include "client/show/failure.h"
#include "client/show/json.h"
#include "client/show/text.h"
#include "client/show/timeline.h"
#include "tests/fuzz/fuzz.h"

using fuzz::claim;

namespace {

void show(const client::KeptRun& run) {
  const auto& [options, outcome, ended] = run;
  std::string text = client::outcome_to_text(outcome, options, ended);
  using Level = client::Show::Level;
  for (const Level level : {Level::brief, Level::full, Level::expert}) {
    client::Options at_level = options;
    at_level.show.explain = level;
    text += client::explain(outcome, at_level);
  }
  text += client::eavesdropper_to_text(outcome, options);
  text += client::timeline_to_text(outcome, options);
  for (const std::string& line : client::warnings(outcome, options, ended)) text += line;
  if (outcome.failure) text += client::failure_to_text(*outcome.failure, options, ended);
  claim(fuzz::is_printable(text, "\n\t"));
  client::outcome_to_json(outcome, options, ended);
  if (!outcome.recording.events.empty()) client::to_html(client::chart_of(outcome, options, {}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto run = client::kept_from_text(fuzz::as_text({data, size}));
  if (!run) {
    claim(run.error().starts_with("line ") && run.error().size() < 400);
    claim(fuzz::is_printable(run.error()));
    return 0;
  }
  run->options.show.utc = true;
  show(*run);
  const std::string text = client::kept_to_text(std::move(*run));
  auto again = client::kept_from_text(text);
  claim(again.has_value() && client::kept_to_text(std::move(*again)) == text);
  return 0;
}
