// Writes response heads (RFC 9112 §4). Fields of the engine: Date, Server, Content-Type,
// Connection, and the framing. Loop thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/http/date_cache.h"
#include "engine/http/output_buffer.h"
#include "engine/http/response.h"

namespace turbo::engine {

/// What an application's fields say that concerns the engine.
struct FieldScan {
  bool date = false;
  bool server = false;
  bool content_type = false;
  bool framing = false;  ///< at least one field that the engine writes itself
  bool close = false;    ///< Connection: close
  std::optional<std::uint64_t> content_length;
};

FieldScan ScanFields(std::span<const HeaderField> fields);

enum class Framing : std::uint8_t {
  kNone,         ///< no field: there is no body, or it ends with the connection
  kLength,       ///< Content-Length
  kLengthLater,  ///< Content-Length with HeadPlan::length as the number of digits, which are filled
                 ///< in later
  kChunked,      ///< Transfer-Encoding: chunked
};

enum class ConnectionField : std::uint8_t { kAbsent, kClose, kKeepAlive };

struct HeadPlan {
  Framing framing = Framing::kNone;
  ConnectionField connection = ConnectionField::kAbsent;
  std::uint64_t length = 0;
};

/// Appends the head with its empty line. Content-Length is the last field: its digits end four
/// bytes before the head's end.
void WriteHead(OutputBuffer& out, const DateCache& date, const ResponseHead& head,
               const FieldScan& scan, const HeadPlan& plan);

/// Decimal digits of `value`: 1..20.
std::size_t CountDigits(std::uint64_t value);

/// The body of an answer of the engine's own: {"detail":"<reason phrase>"}, as application/json.
class ErrorBody {
 public:
  explicit ErrorBody(int status);
  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 80> text_;
  std::size_t size_;
};

}  // namespace turbo::engine
