// turbo's engine alone: event loop, HTTP, router and response writing, with a constant answer in
// place of Python. What bench/cost measures between this and turbo is Python's share.
//
// usage: bench-engine-server [PORT]
#include <sys/resource.h>

#include <cstdio>

#include "bench/servers/listen.h"
#include "engine/app_gateway.h"
#include "engine/loop/event_loop.h"

namespace {

using turbo::engine::Exchange;
using turbo::engine::ResponseHead;

class ConstantGateway final : public turbo::engine::AppGateway {
 public:
  explicit ConstantGateway(turbo::engine::Router&& router) : router_(std::move(router)) {}

  [[nodiscard]] const turbo::engine::Router& router() const override { return router_; }

  void Handle(Exchange& exchange) noexcept override {
    exchange.Respond(ResponseHead{.status = 200, .content_type = "application/json", .headers = {}},
                     turbo::bench::kBody);
  }

 private:
  turbo::engine::Router router_;
};

}  // namespace

int main(int argc, char** argv) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  turbo::engine::Router router;
  turbo::engine::MethodSet methods;
  methods.Add(turbo::engine::Method::kGet);
  if (auto added = router.Add(methods, "/users/{id:int}", 0); !added) {
    std::fprintf(stderr, "%s\n", added.error().message.c_str());
    return 1;
  }
  ConstantGateway gateway(std::move(router));
  turbo::engine::LoopCounters counters;
  turbo::engine::ProcessShared shared;
  turbo::engine::EventLoop loop({}, gateway, nullptr, counters, shared);
  const int fd = turbo::bench::ListenAsAsked(argc, argv);
  if (auto added = loop.AddListener(fd); !added) {
    std::fprintf(stderr, "%s\n", added.error().message.c_str());
    return 1;
  }
  loop.Run();
  return 0;
}
