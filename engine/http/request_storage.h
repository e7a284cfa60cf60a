// What one request needs from its first byte to the end of its answer. Pooled per loop
// (BufferPool), so that an idle connection holds none of it. Internal to the sessions.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/http/buffer_pool.h"
#include "engine/http/exchange.h"
#include "engine/http/http_parser.h"
#include "engine/http/output_buffer.h"
#include "engine/http/response_writer.h"

namespace turbo::engine {

/// The answer under way.
struct ResponseState {
  int status = 0;
  bool close = false;                               ///< the connection ends with this answer
  std::uint64_t body_bytes = 0;                     ///< of content, without framing
  std::chrono::steady_clock::time_point started{};  ///< only while there is an access log

  // Between BeginBody and EndBody. Offsets into the output.
  std::size_t head_at = 0;
  std::size_t body_at = 0;
  std::uint8_t* length_digits = nullptr;
  Framing framing = Framing::kNone;

  // Of a stream.
  std::unique_ptr<BodySource> source;
  std::uint64_t remaining = 0;    ///< of an application's Content-Length
  std::uint8_t chunk_digits = 3;  ///< guess of the next chunk's hexadecimal digits
  bool produced = false;          ///< the source was asked before
};

struct RequestStorage {
  Exchange exchange;
  RequestHead head;
  PooledBuffer head_buffer;  ///< holds the head when the session reads into another buffer
  PooledBuffer body;
  std::size_t body_size = 0;   ///< received so far
  bool head_apart = false;     ///< the session reads into another buffer than the head's
  bool head_complete = false;  ///< exchange.request() is filled, without its body
  bool matched = false;        ///< the route was looked up before the body came
  bool complete = false;       ///< the request was received to its end
  bool in_gate = false;        ///< InflightGate was entered
  OutputBuffer deferred;       ///< an answer given outside of a session's call
  ResponseState response;

  /// Ready for the next request. What is pooled goes back; capacities stay.
  void Reset() {
    head_buffer.Release();
    body.Release();
    body_size = 0;
    head_apart = head_complete = matched = complete = in_gate = false;
    deferred.Clear();
    if (deferred.capacity() > kMaxKept) deferred.Release();
    response = {};
  }

 private:
  static constexpr std::size_t kMaxKept = 64 * 1024;
};

}  // namespace turbo::engine
