#include "common/dns/message.h"

#include <fmt/format.h>

#include "common/dns/codes.h"

namespace dns {
namespace {

constexpr std::string_view kQuestionRfc = "RFC 1035 4.1.2";
constexpr std::string_view kRecordRfc = "RFC 1035 4.1.3";

std::vector<Question> decode_questions(WireReader& reader, unsigned count, FieldSink* fields) {
  std::vector<Question> questions;
  for (unsigned i = 0; i < count && reader.ok(); ++i) {
    if (fields != nullptr) fields->entry(Section::question, i, count);
    Question question;
    question.name = decode_name(reader, fields, "QNAME", kQuestionRfc);
    question.type = reader.u16();
    tell(fields, reader, 2, "QTYPE", kQuestionRfc, [&] { return type_name(question.type); });
    question.klass = reader.u16();
    tell(fields, reader, 2, "QCLASS", kQuestionRfc, [&] { return class_name(question.klass); });
    if (reader.ok()) questions.push_back(std::move(question));
  }
  return questions;
}

// What follows owner and TYPE of an OPT record that begins at `start`. RFC 6891 §6.1.1: one in a message, in
// the additional section (elsewhere `edns` is null), and its name is a single zero octet.
void decode_opt(WireReader& reader, std::size_t start, std::optional<Edns>* edns, FieldSink* fields) {
  if (edns == nullptr || reader.message()[start] != 0)
    reader.fail_at(start, WireFault::misplaced_opt);
  else if (edns->has_value())
    reader.fail_at(start, WireFault::duplicate_opt);
  else
    *edns = decode_edns(reader, fields);
}

// `edns` gets an OPT record; null where there must be none.
std::vector<Record> decode_records(WireReader& reader, Section section, unsigned count,
                                   std::optional<Edns>* edns, FieldSink* fields) {
  std::vector<Record> records;
  for (unsigned i = 0; i < count && reader.ok(); ++i) {
    if (fields != nullptr) fields->entry(section, i, count);
    const std::size_t start = reader.offset();
    Record record;
    record.owner = decode_name(reader, fields, "NAME", kRecordRfc);
    record.type = reader.u16();
    tell(fields, reader, 2, "TYPE", kRecordRfc, [&] { return type_name(record.type); });
    if (reader.ok() && record.type == type::OPT) {
      decode_opt(reader, start, edns, fields);
      continue;
    }
    record.klass = reader.u16();
    tell(fields, reader, 2, "CLASS", kRecordRfc, [&] { return class_name(record.klass); });
    record.ttl = reader.u32();
    tell(fields, reader, 4, "TTL", kRecordRfc, [&] { return fmt::to_string(record.ttl); });
    const std::uint16_t length = reader.u16();
    tell(fields, reader, 2, "RDLENGTH", kRecordRfc, [&] { return fmt::to_string(length); });
    WireReader rdata = reader.window(length);
    record.rdata = decode_rdata(record.type, rdata, fields);
    reader.close(rdata);
    if (reader.ok()) records.push_back(std::move(record));
  }
  return records;
}

void encode_record(const Record& record, WireWriter& writer) {
  writer.compressed_name(record.owner);
  writer.u16(record.type);
  writer.u16(record.klass);
  writer.u32(record.ttl);
  const std::size_t length_at = writer.size();
  writer.u16(0);
  encode_rdata(record.rdata, writer);
  writer.patch_u16(length_at, static_cast<std::uint16_t>(writer.size() - length_at - 2));
}

// TSIG and SIG(0) sign all that comes before them and must be last (RFC 8945 §5.1, RFC 2931 §3.1).
bool is_signature(const Record& record) {
  if (record.type == type::TSIG) return true;
  const Bytes& rdata = record.rdata.wire;
  return record.type == type::SIG && rdata.size() >= 2 && rdata[0] == 0 && rdata[1] == 0;
}

void encode_additionals(const Message& message, WireWriter& writer) {
  const std::vector<Record>& records = message.additionals;
  const bool is_signed = !records.empty() && is_signature(records.back());
  const std::size_t before_opt = records.size() - (is_signed ? 1 : 0);
  for (std::size_t i = 0; i < before_opt; ++i) encode_record(records[i], writer);
  if (message.edns) encode_edns(*message.edns, writer);
  if (is_signed) encode_record(records.back(), writer);
}

Header counted(const Message& message) {
  Header header = message.header;
  header.qdcount = static_cast<std::uint16_t>(message.questions.size());
  header.ancount = static_cast<std::uint16_t>(message.answers.size());
  header.nscount = static_cast<std::uint16_t>(message.authorities.size());
  header.arcount = static_cast<std::uint16_t>(message.additionals.size() + (message.edns ? 1 : 0));
  return header;
}

}  // namespace

std::uint16_t Message::rcode() const {  // RFC 6891 §6.1.3
  const unsigned upper = edns ? edns->extended_rcode : 0u;
  return static_cast<std::uint16_t>(upper << 4 | header.rcode);
}

Expected<Message> decode(ByteView wire, FieldSink* fields) {
  WireReader reader(wire);
  Message message;
  Header& header = message.header;
  header = decode_header(reader);
  if (fields != nullptr) tell_header(*fields, header, reader.offset());
  message.questions = decode_questions(reader, header.qdcount, fields);
  message.answers = decode_records(reader, Section::answer, header.ancount, nullptr, fields);
  message.authorities = decode_records(reader, Section::authority, header.nscount, nullptr, fields);
  message.additionals = decode_records(reader, Section::additional, header.arcount, &message.edns, fields);
  if (!reader.at_end()) reader.fail(WireFault::trailing_bytes, 0, reader.remaining());
  if (!reader.ok()) return std::unexpected(reader.error());
  return message;
}

Bytes encode(const Message& message) {
  WireWriter writer;
  encode_header(counted(message), writer);
  for (const Question& question : message.questions) {
    writer.compressed_name(question.name);
    writer.u16(question.type);
    writer.u16(question.klass);
  }
  for (const Record& record : message.answers) encode_record(record, writer);
  for (const Record& record : message.authorities) encode_record(record, writer);
  encode_additionals(message, writer);
  return writer.take();
}

}  // namespace dns
