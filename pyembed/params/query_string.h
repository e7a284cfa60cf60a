// The query of a URL as `application/x-www-form-urlencoded` (WHATWG URL §5.1): pairs apart by '&',
// '+' for a space, percent-encoding. Broken percent-encoding stands for itself. Knows no Python;
// any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace turbo::pyembed {

/// One pair, still encoded. `value` is empty, but not null, if there was no '='.
struct QueryPair {
  std::string_view name;
  std::string_view value;
};

/// Walks over the pairs of a query; empty ones ("a=1&&b=2") are passed over.
class QueryCursor {
 public:
  explicit QueryCursor(std::string_view query) : rest_(query) {}
  std::optional<QueryPair> Next();

 private:
  std::string_view rest_;
};

/// Decodes a name or a value: as it is if nothing in it is encoded, else in `scratch`, whose
/// content it replaces. The bytes may be anything, also not UTF-8.
std::string_view DecodeQueryText(std::string_view text, std::string& scratch);

}  // namespace turbo::pyembed
