// Framing: whatever pieces a stream comes in, the same messages are cut out of it, and what is written in
// whatever pieces the stream takes is what was given.
//
//    | how many octets of moves | moves … | the stream's octets … |
#include "common/net/framing.h"
#include "tests/fuzz/steered_stream.h"

using fuzz::claim;
using net::IoResult;

namespace {

using Status = IoResult::Status;

// Gives as many octets at a time as the script's next move says.
class Source final : public fuzz::SteeredStream {
 public:
  Source(fuzz::Script moves, ByteView incoming) : SteeredStream(moves), incoming_(incoming) {}

  int fd() const override { return -1; }

  IoResult try_read(std::span<std::uint8_t> into) override {
    claim(!into.empty());
    if (incoming_.empty()) return {Status::closed};
    const std::size_t count = next(std::min(into.size(), incoming_.size()));
    if (count == 0) return {Status::want_read};
    std::ranges::copy(incoming_.first(count), into.begin());
    incoming_ = incoming_.subspan(count);
    return {Status::done, count};
  }

 private:
  ByteView incoming_;
};

void check_reader(fuzz::Script moves, ByteView octets) {
  std::vector<ByteView> expected;
  const bool ends_well = fuzz::cut(octets, expected);
  Source stream(moves, octets);
  net::FrameReader reader;
  std::size_t count = 0;
  for (bool closed = false; !closed;) {
    closed = reader.fill(stream).status == Status::closed;
    while (const auto message = reader.next()) {
      claim(count < expected.size() && std::ranges::equal(*message, expected[count]));
      std::ranges::fill(*message, std::uint8_t{0xff});  // it may be changed in place
      ++count;
    }
    reader.release();  // of use only when all is quiet, of harm never
  }
  claim(count == expected.size() && reader.mid_frame() == !ends_well);
}

void check_writer(fuzz::Script moves, ByteView octets, bool each) {
  std::vector<ByteView> messages;
  const bool ends_well = fuzz::cut(octets, messages);
  Source stream(moves, {});
  net::FrameWriter writer;
  const auto flush = [&] { return each ? writer.flush_each(stream) : writer.flush(stream); };
  std::size_t given = 0;
  for (const ByteView message : messages) {
    if (message.size() % 2 == 0) {
      writer.add(message);
    } else {
      writer.begin(message.size());
      writer.part(message.first(message.size() / 2));
      writer.part(message.subspan(message.size() / 2));
    }
    given += 2 + message.size();
    if (message.size() % 3 != 0) continue;  // some leave together
    claim((flush() == Status::done) == writer.empty());
    claim(each || stream.written().size() + writer.size() == given);
    writer.release();
  }
  for (int turn = 0; flush() != Status::done; ++turn) claim(turn < 256);  // as many moves as there can be
  claim(writer.empty() && stream.written().size() == given);
  claim(std::ranges::equal(stream.written(), octets.first(given)) && (!ends_well || given == octets.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Script script(data, size);
  const ByteView moves = script.take(script.octet());
  const ByteView octets = script.rest();
  const fuzz::Script steps(moves.data(), moves.size());
  check_reader(steps, octets);
  check_writer(steps, octets, false);
  check_writer(steps, octets, true);
  return 0;
}
