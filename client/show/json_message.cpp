#include "client/show/json_message.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "common/dns/codec_text.h"
#include "common/dns/codes.h"

namespace client {
namespace {

std::string_view text_of(ByteView octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

void write_record(const dns::Record& record, JsonWriter& json) {
  const std::string type = dns::type_name(record.type);
  json.open_object();
  json.member("NAME", record.owner.to_string());
  json.member("TYPE", record.type);
  json.member("TYPEname", type);
  json.member("CLASS", record.klass);
  json.member("CLASSname", dns::class_name(record.klass));
  json.member("TTL", record.ttl);
  if (!type.starts_with("TYPE")) json.member("rdata" + type, dns::rdata_to_text(record.rdata));
  json.member("RDLENGTH", record.rdata.wire.size());
  json.member("RDATAHEX", dns::to_hex(record.rdata.wire));
  json.close();
}

void write_section(std::string_view name, const std::vector<dns::Record>& records, JsonWriter& json) {
  json.open_array(name);
  for (const dns::Record& record : records) write_record(record, json);
  json.close();
}

std::string option_key(std::uint16_t code) {
  switch (code) {
    case dns::option::NSID:
      return "NSID";
    case dns::option::CLIENT_SUBNET:
      return "CSUBNET";
    case dns::option::COOKIE:
      return "COOKIE";
    case dns::option::KEEPALIVE:
      return "KEEPALIVE";
    case dns::option::PADDING:
      return "PADDING";
    case dns::option::EXTENDED_ERROR:
      return "EDE";
    default:
      return fmt::format("OPT{}", code);
  }
}

void write_padding(ByteView octets, JsonWriter& json) {
  json.open_object();
  json.member("LENGTH", octets.size());
  if (std::ranges::any_of(octets, [](std::uint8_t octet) { return octet != 0; }))
    json.member("HEX", dns::to_hex(octets));
  json.close();
}

void write_extended_error(ByteView octets, JsonWriter& json) {  // RFC 8914 §2; at least two octets
  const auto code = static_cast<std::uint16_t>(octets[0] << 8 | octets[1]);
  json.open_object();
  json.member("CODE", code);
  json.member("Purpose", dns::ede_name(code));
  json.member("TEXT", text_of(octets.subspan(2)));
  json.close();
}

void write_cookie(ByteView octets, JsonWriter& json) {  // RFC 7873 §4: the client's, then the server's
  const std::size_t client = std::min<std::size_t>(8, octets.size());
  json.open_array();
  json.value(dns::to_hex(octets.first(client)));
  if (octets.size() > client) json.value(dns::to_hex(octets.subspan(client)));
  json.close();
}

// A value that does not have its option's form, and that of an option we do not know, in hexadecimal.
void write_option(const dns::EdnsOption& option, JsonWriter& json) {
  const ByteView octets = option.value;
  if (option.code == dns::option::NSID) {
    json.open_object();
    json.member("HEX", dns::to_hex(octets));
    json.member("TEXT", text_of(octets));
    json.close();
  } else if (option.code == dns::option::CLIENT_SUBNET) {
    json.value(dns::option_text(option));
  } else if (option.code == dns::option::COOKIE) {
    write_cookie(octets, json);
  } else if (option.code == dns::option::KEEPALIVE && octets.size() == 2) {
    json.value(octets[0] << 8 | octets[1]);  // RFC 7828 §3.1: in units of 100 ms
  } else if (option.code == dns::option::PADDING) {
    write_padding(octets, json);
  } else if (option.code == dns::option::EXTENDED_ERROR && octets.size() >= 2) {
    write_extended_error(octets, json);
  } else {
    json.value(dns::to_hex(octets));
  }
}

// An object must not have two members of one name (RFC 8259 §4): what comes more than once is an array.
void write_options(const std::vector<dns::EdnsOption>& options, JsonWriter& json) {
  std::map<std::uint16_t, std::vector<const dns::EdnsOption*>> by_code;
  for (const dns::EdnsOption& option : options) by_code[option.code].push_back(&option);
  for (const auto& [code, same] : by_code) {
    json.name(option_key(code));
    if (same.size() > 1) json.open_array();
    for (const dns::EdnsOption* const option : same) write_option(*option, json);
    if (same.size() > 1) json.close();
  }
}

void write_edns(const dns::Message& message, JsonWriter& json) {
  const dns::Edns& edns = *message.edns;
  json.open_object("EDNS");
  json.member("Version", edns.version);
  json.open_array("FLAGS");
  if (edns.dnssec_ok) json.value("DO");
  for (unsigned bit = 1; bit < 16; ++bit)
    if ((edns.z >> (15 - bit) & 1) != 0) json.value(fmt::format("BIT{}", bit));
  json.close();
  json.member("RCODE", dns::rcode_name(message.rcode()));
  json.member("UDPSIZE", edns.udp_size);
  write_options(edns.options, json);
  json.close();
}

}  // namespace

void write_question(const dns::Question& question, JsonWriter& json) {
  json.member("QNAME", question.name.to_string());
  json.member("QTYPE", question.type);
  json.member("QTYPEname", dns::type_name(question.type));
  json.member("QCLASS", question.klass);
  json.member("QCLASSname", dns::class_name(question.klass));
}

void write_message(const dns::Message& message, JsonWriter& json) {
  const dns::Header& header = message.header;
  json.member("ID", header.id);
  json.member("QR", header.qr);
  json.member("Opcode", header.opcode);
  json.member("AA", header.aa);
  json.member("TC", header.tc);
  json.member("RD", header.rd);
  json.member("RA", header.ra);
  json.member("AD", header.ad);
  json.member("CD", header.cd);
  json.member("RCODE", header.rcode);
  json.member("QDCOUNT", header.qdcount);
  json.member("ANCOUNT", header.ancount);
  json.member("NSCOUNT", header.nscount);
  json.member("ARCOUNT", header.arcount);
  if (!message.questions.empty()) write_question(message.questions.front(), json);
  write_section("answerRRs", message.answers, json);
  write_section("authorityRRs", message.authorities, json);
  write_section("additionalRRs", message.additionals, json);
  if (message.edns) write_edns(message, json);
}

}  // namespace client
