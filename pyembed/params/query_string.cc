#include "pyembed/params/query_string.h"

namespace turbo::pyembed {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<QueryPair> QueryCursor::Next() {
  while (!rest_.empty()) {
    const std::string_view pair = rest_.substr(0, rest_.find('&'));
    rest_.remove_prefix(pair.size() == rest_.size() ? pair.size() : pair.size() + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return QueryPair{pair, pair.substr(pair.size())};
    return QueryPair{pair.substr(0, equals), pair.substr(equals + 1)};
  }
  return std::nullopt;
}

std::string_view DecodeQueryText(std::string_view text, std::string& scratch) {
  std::size_t place = text.find_first_of("%+");
  if (place == std::string_view::npos) return text;
  scratch.assign(text.substr(0, place));
  for (; place < text.size(); ++place) {
    const char c = text[place];
    if (c == '+') {
      scratch.push_back(' ');
      continue;
    }
    if (c == '%' && text.size() - place > 2) {
      const int high = HexValue(text[place + 1]);
      const int low = HexValue(text[place + 2]);
      if (high >= 0 && low >= 0) {
        scratch.push_back(static_cast<char>(high * 16 + low));
        place += 2;
        continue;
      }
    }
    scratch.push_back(c);
  }
  return scratch;
}

}  // namespace turbo::pyembed
