// The engine's view of an application. The engine knows no Python: pyembed implements this, and so
// do the null server of the benchmarks and the unit tests. One gateway per loop, called on that
// loop's thread only.
#pragma once

#include "engine/http/exchange.h"
#include "engine/router/router.h"

namespace turbo::engine {

class AppGateway {
 public:
  virtual ~AppGateway() = default;

  /// The routes; does not change while the loop runs.
  [[nodiscard]] virtual const Router& router() const = 0;

  /// A complete request that matched exchange.route(). Answers now, or keeps `&exchange` and
  /// answers later on the same thread (the session reads no further request from that connection
  /// meanwhile).
  virtual void Handle(Exchange& exchange) noexcept = 0;

  /// The connection went away before a kept exchange was answered: forget it.
  virtual void Abandoned(Exchange& exchange) noexcept { (void)exchange; }
};

}  // namespace turbo::engine
