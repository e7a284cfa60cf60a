// What an application answers, as the engine needs it: a head, and either a whole body or a source
// of one. Loop thread only.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/http/output_buffer.h"
#include "engine/http/request.h"

namespace turbo::engine {

/// The head of a response. The engine adds Date, Server, Content-Length or Transfer-Encoding, and
/// Connection. Application fields among those: Date and Server given by the application replace the
/// engine's; the framing fields (Content-Length on a streamed body is honoured and checked;
/// Transfer-Encoding, Connection) are the engine's.
struct ResponseHead {
  int status = 200;
  std::string_view content_type;  ///< empty: no Content-Type field
  std::span<const HeaderField>
      headers;  ///< further fields, in order, duplicates allowed (Set-Cookie)
};

/// True if `name` is a token and `value` has no CR, LF or NUL: may be sent (RFC 9110 §5.5, §5.6.2).
bool IsValidFieldName(std::string_view name);
bool IsValidFieldValue(std::string_view value);

/// A body that is made while it is sent.
class BodySource {
 public:
  enum class Status : std::uint8_t {
    kMore,  ///< bytes were appended; call again when there is room
    kDone,  ///< the body is complete (bytes may have been appended)
    kWait,  ///< nothing now; the source calls Exchange::ContinueStream later (asynchronous sources)
    kFailed,  ///< the body cannot be completed: the connection is cut, so that the client can tell
  };
  virtual ~BodySource() = default;

  /// Appends some bytes of the body (without chunk framing) to `out`. Loop thread.
  virtual Status Produce(OutputBuffer& out) noexcept = 0;
};

}  // namespace turbo::engine
