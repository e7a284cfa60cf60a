#include <catch2/catch_test_macros.hpp>
#include <random>
#include <string>
#include <string_view>

#include "engine/base/log.h"

namespace turbo::engine {
namespace {

// An encoder to compare with, by arithmetic instead of by table.
std::string Utf8(char32_t c) {
  const auto byte = [](char32_t value) {
    return static_cast<char>(static_cast<unsigned char>(value));
  };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 + c / 64), byte(0x80 + c % 64)};
  if (c < 0x10000) return {byte(0xE0 + c / 4096), byte(0x80 + c / 64 % 64), byte(0x80 + c % 64)};
  return {byte(0xF0 + c / 262144), byte(0x80 + c / 4096 % 64), byte(0x80 + c / 64 % 64),
          byte(0x80 + c % 64)};
}

TEST_CASE("JsonQuote escapes what JSON asks for and nothing else", "[base]") {
  CHECK(JsonQuote("") == "\"\"");
  CHECK(JsonQuote("plain") == "\"plain\"");
  CHECK(JsonQuote("a\"b\\c/d") == R"("a\"b\\c/d")");
  CHECK(JsonQuote("\b\f\n\r\t") == R"("\b\f\n\r\t")");
  CHECK(JsonQuote(std::string_view("\0\x01\x1f\x7f", 4)) == "\"\\u0000\\u0001\\u001f\x7f\"");
  CHECK(JsonQuote("é€𝄞") == "\"é€𝄞\"");
}

TEST_CASE("JsonQuote keeps every Unicode scalar value", "[base]") {
  for (char32_t c = 0x20; c <= 0x10FFFF; ++c) {
    if (c == '"' || c == '\\' || (c >= 0xD800 && c <= 0xDFFF)) continue;
    const std::string text = Utf8(c);
    if (JsonQuote(text) != "\"" + text + "\"") FAIL("U+" << std::hex << static_cast<unsigned>(c));
  }
}

TEST_CASE("JsonQuote writes U+FFFD for each ill-formed part", "[base]") {
  const std::string bad = "\xEF\xBF\xBD";
  const auto quoted = [](const std::string& inner) { return "\"" + inner + "\""; };
  CHECK(JsonQuote("\x80") == quoted(bad));
  CHECK(JsonQuote("a\xFFz") == quoted("a" + bad + "z"));
  CHECK(JsonQuote("\xC3") == quoted(bad));            // cut short
  CHECK(JsonQuote("\xC3(") == quoted(bad + "("));     // not continued
  CHECK(JsonQuote("\xC0\x80") == quoted(bad + bad));  // overlong NUL
  CHECK(JsonQuote("\xE0\x80\x80") == quoted(bad + bad + bad));
  CHECK(JsonQuote("\xED\xA0\x80") == quoted(bad + bad + bad));  // surrogate
  CHECK(JsonQuote("\xE2\x82") == quoted(bad));                  // one maximal subpart
  CHECK(JsonQuote("\xE2\x82\"") == quoted(bad + "\\\""));
  CHECK(JsonQuote("\xF0\x9D\x84") == quoted(bad));
  CHECK(JsonQuote("\xF0\x80\x80\x80") == quoted(bad + bad + bad + bad));
  CHECK(JsonQuote("\xF4\x90\x80\x80") == quoted(bad + bad + bad + bad));
  CHECK(JsonQuote("\xF5\x80") == quoted(bad + bad));
  // The example of the Unicode Standard, table 3-11.
  CHECK(JsonQuote("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") == quoted(bad + bad + bad + bad + "A"));
}

TEST_CASE("JsonQuote of any bytes is well-formed and quoting its inside again only escapes",
          "[base]") {
  std::mt19937 random(20261124);  // NOLINT: the same cases each time
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 24, '\0');
    for (char& c : bytes)
      c = static_cast<char>(random() % 2 == 0 ? 0x80 + random() % 128 : random() % 256);
    const std::string quoted = JsonQuote(bytes);
    REQUIRE(quoted.size() >= 2);
    const std::string inside = quoted.substr(1, quoted.size() - 2);
    std::string expected = "\"";
    for (const char c : inside) {
      REQUIRE(static_cast<unsigned char>(c) >= 0x20);
      if (c == '"' || c == '\\') expected += '\\';
      expected += c;
    }
    REQUIRE(JsonQuote(inside) == expected + "\"");  // no U+FFFD is added: the inside is valid UTF-8
  }
}

}  // namespace
}  // namespace turbo::engine
