// One request and the answer to it, between the engine and the application. An Exchange belongs to
// its HttpSession; the gateway answers through it exactly once. Loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "engine/http/request.h"
#include "engine/http/response.h"
#include "engine/router/router.h"

namespace turbo::engine {

class HttpSession;

class Exchange {
 public:
  [[nodiscard]] const Request& request() const { return request_; }
  [[nodiscard]] RouteId route() const { return match_.route; }
  [[nodiscard]] std::span<const PathValue> path_values() const {
    return {match_.values.data(), match_.count};
  }

  /// Answers with a whole body. For HEAD, and statuses that have no body (1xx, 204, 304), the body
  /// is left out by the engine and Content-Length is right (RFC 9110 §8.6).
  void Respond(const ResponseHead& head, std::string_view body);

  /// Answers with a body that the caller writes straight into the output: BeginBody, append to the
  /// returned buffer, then EndBody, or AbandonBody to take everything back and answer otherwise.
  /// `length_digits` is the caller's guess of how many decimal digits the length will have (1..20)
  /// and is updated to what it was: keep it with the route, and the head needs no second copy.
  OutputBuffer& BeginBody(const ResponseHead& head, std::uint8_t& length_digits);
  void EndBody();
  void AbandonBody();

  /// Answers with a body made while it is sent: chunked for HTTP/1.1, to the end of the connection
  /// for 1.0, with Content-Length if the head has one. Backpressured: produced only as the client
  /// takes it.
  void Stream(const ResponseHead& head, std::unique_ptr<BodySource> source);

  /// The source of a Stream() that returned kWait can go on: Produce() will be called soon, not
  /// from here.
  void ContinueStream();

  /// The answer is complete or under way.
  [[nodiscard]] bool responded() const { return responded_; }

  /// For the application's own use while the exchange lives; null at the start of each request.
  void* user_data = nullptr;

 private:
  friend class HttpSession;

  HttpSession* session_ = nullptr;
  Request request_;
  MatchResult match_;
  bool responded_ = false;
};

}  // namespace turbo::engine
