// A stand-in for turbo-worker: speaks the control protocol, answers HTTP, and misbehaves as its
// TARGET says, a list of words with commas between them (see Orders). One thread, one poll(2) loop.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/unique_fd.h"
#include "engine/worker/shared_counters.h"
#include "engine/worker/worker_config.h"
#include "engine/worker/worker_protocol.h"

namespace {

using Clock = std::chrono::steady_clock;
using turbo::engine::ControlType;
using turbo::engine::SharedCounters;
using turbo::engine::UniqueFd;
using turbo::engine::WorkerConfig;

volatile std::sig_atomic_t drain_asked = 0;

struct Orders {
  std::string list;

  [[nodiscard]] std::optional<std::string> Value(const std::string& name) const {
    std::istringstream words(list);
    for (std::string word; std::getline(words, word, ',');) {
      if (word == name) return "";
      if (word.starts_with(name + "=")) return word.substr(name.size() + 1);
    }
    return std::nullopt;
  }
  [[nodiscard]] bool Has(const std::string& name) const { return Value(name).has_value(); }
  [[nodiscard]] int Number(const std::string& name, int otherwise) const {
    const auto value = Value(name);
    return value ? std::atoi(value->c_str()) : otherwise;
  }
};

struct Client {
  UniqueFd fd;
  std::string request;
  std::optional<Clock::time_point> answer_at;
};

class FakeWorker {
 public:
  FakeWorker(WorkerConfig config, SharedCounters counters)
      : config_(std::move(config)), counters_(std::move(counters)), orders_{config_.target} {}

  int Run() {
    Log("start");
    if (const std::optional<int> code = Load()) return *code;
    Send(ControlType::kNotice, "a note");
    Send(ControlType::kReady, "FakePython 1.0");
    ready_at_ = Clock::now();
    if (orders_.Has("close-control")) ::close(config_.control_fd);
    while (!draining_ || !clients_.empty() || orders_.Has("ignore-drain")) {
      if (stopped_ && !orders_.Has("ignore-stop")) break;
      Turn();
    }
    Log("end");
    return orders_.Number("exit-at-end", 0);
  }

 private:
  bool Concerns(const char* order) const {  // order[=index]: for that worker only
    const auto value = orders_.Value(order);
    return value && (value->empty() ||
                     static_cast<unsigned>(std::atoi(value->c_str())) == config_.worker_index);
  }

  // A file that is there from the second start of this worker on.
  bool StartedBefore() const {
    const std::string mark = *orders_.Value("dir") + "/" + std::to_string(config_.worker_index);
    const UniqueFd fd(::open(mark.c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    return !fd.valid();
  }

  std::optional<int> Load() {
    if (orders_.Has("slow-load") && config_.worker_index == 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(orders_.Number("slow-load", 0)));
    }
    if (orders_.Has("load-for-ever")) {
      while (true) ::pause();
    }
    if (Concerns("segfault")) {
      const rlimit no_core{0, 0};
      ::setrlimit(RLIMIT_CORE, &no_core);
      std::signal(SIGSEGV, SIG_DFL);
      std::raise(SIGSEGV);
    }
    if (orders_.Has("exit")) return orders_.Number("exit", 0);
    const bool again = (Concerns("fail-again") || orders_.Has("fail-all-again")) && StartedBefore();
    if (Concerns("load-failed") || again) {
      Send(ControlType::kLoadFailed, "there is no module named x");
      return 3;
    }
    if (orders_.Has("orphan")) MakeOrphan();
    return std::nullopt;
  }

  // Its parent goes first, so that it is left to init or to a subreaper, and dies soon after.
  static void MakeOrphan() {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::fork() == 0) ::usleep(50'000);
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
  }

  void Turn() {
    std::vector<pollfd> entries;
    const bool control = !control_closed_ && !orders_.Has("close-control");
    entries.push_back({control ? config_.control_fd : -1, POLLIN, 0});
    for (const int fd : config_.listen_fds) entries.push_back({draining_ ? -1 : fd, POLLIN, 0});
    for (const Client& client : clients_) {
      entries.push_back({client.answer_at ? -1 : client.fd.get(), POLLIN, 0});
    }
    ::poll(entries.data(), entries.size(), 10);
    if (entries[0].revents != 0) ReadControl();
    if (drain_asked != 0) draining_ = true;
    const std::size_t known = clients_.size();
    for (std::size_t i = 0; i < known; ++i) {
      if (entries[1 + config_.listen_fds.size() + i].revents != 0) ReadRequest(clients_[i]);
    }
    for (std::size_t i = 0; i < config_.listen_fds.size(); ++i) {
      if (!draining_ && entries[1 + i].revents != 0) Accept(config_.listen_fds[i]);
    }
    AnswerDue();
    const int crash_ms = orders_.Number("crash-after", -1);
    if (crash_ms >= 0 && Clock::now() - ready_at_ >= std::chrono::milliseconds(crash_ms))
      ::_exit(1);
  }

  void ReadControl() {
    bool closed = false;
    while (const auto message = turbo::engine::ReceiveControl(config_.control_fd, closed)) {
      if (message->type == ControlType::kDrain) draining_ = true;
      if (message->type == ControlType::kStop) stopped_ = true;
      Log(message->type == ControlType::kDrain ? "drain" : "stop");
    }
    if (closed) {
      control_closed_ = true;
      draining_ = true;
      Log("eof");
    }
  }

  void Accept(int listener) {
    UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) return;
    counters_.loops()[0].connections.Add(1);
    clients_.push_back({std::move(fd), "", std::nullopt});
  }

  void ReadRequest(Client& client) {
    std::array<char, 1024> buffer;
    const ssize_t got = ::recv(client.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got <= 0) {
      client.answer_at = Clock::now();
      return;
    }
    client.request.append(buffer.data(), static_cast<std::size_t>(got));
    if (!client.request.ends_with("\r\n\r\n")) return;
    counters_.loops()[0].in_flight.Add(1);
    client.answer_at = Clock::now();
    if (client.request.starts_with("GET /hold/")) {
      *client.answer_at += std::chrono::milliseconds(std::atoi(client.request.c_str() + 10));
    }
  }

  void AnswerDue() {
    std::erase_if(clients_, [this](Client& client) {
      if (!client.answer_at || Clock::now() < *client.answer_at) return false;
      if (!client.request.empty()) {
        const std::string text =
            std::to_string(config_.worker_index) + " " + std::to_string(::getpid());
        const std::string answer =
            "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) +
            "\r\nConnection: close\r\n\r\n" + text;
        ::send(client.fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
        counters_.loops()[0].in_flight.Subtract(1);
        counters_.loops()[0].requests.Add(1);
      }
      counters_.loops()[0].connections.Subtract(1);
      return true;
    });
  }

  void Send(ControlType type, const char* text) const {
    turbo::engine::SendControl(config_.control_fd, type, text);
  }

  void Log(const char* what) const {
    if (const auto file = orders_.Value("log")) {
      const UniqueFd fd(::open(file->c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
      const std::string line = std::string(what) + " " + std::to_string(config_.worker_index) +
                               " " + std::to_string(::getpid()) + "\n";
      if (::write(fd.get(), line.data(), line.size()) < 0) std::abort();
    }
  }

  WorkerConfig config_;
  SharedCounters counters_;
  Orders orders_;
  std::vector<Client> clients_;
  Clock::time_point ready_at_;
  bool control_closed_ = false;
  bool draining_ = false;
  bool stopped_ = false;
};

// What the supervisor gave besides the config: one line a fact.
void Report(const std::string& file) {
  std::ofstream out(file);
  for (int fd = 0; fd < 256; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) out << "fd " << fd << "\n";
  }
  sigset_t mask;
  ::sigprocmask(SIG_BLOCK, nullptr, &mask);
  for (int number = 1; number < 32; ++number) {
    if (::sigismember(&mask, number) == 1) out << "blocked " << number << "\n";
  }
  struct sigaction child {};
  ::sigaction(SIGCHLD, nullptr, &child);
  out << "sigchld " << (child.sa_handler == SIG_DFL ? "default" : "other") << "\n";
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  out << "nofile " << (limit.rlim_cur == limit.rlim_max ? "raised" : "low") << "\n";
  const char* const variable = std::getenv("FAKE_VARIABLE");
  out << "variable " << (variable == nullptr ? "" : variable) << "\n";
  out << "path " << (std::getenv("PATH") == nullptr ? "unset" : "set") << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 || std::string(argv[1]) != "--config-fd") {
    std::cerr << "usage: fake_worker --config-fd N TARGET\n";
    return 1;
  }
  const int config_fd = std::atoi(argv[2]);
  const Orders orders{argv[3]};
  // Before the config is read: that sets close-on-exec, and libraries may open something.
  if (const auto file = orders.Value("report")) Report(*file);
  auto config = turbo::engine::ReadWorkerConfig(config_fd);
  if (!config || config->target != argv[3]) {
    std::cerr << "fake_worker: bad config\n";
    return 1;
  }
  ::close(config_fd);
  auto counters = SharedCounters::Map(UniqueFd(config->counters_fd), config->loops);
  if (!counters) {
    std::cerr << counters.error().message << "\n";
    return 1;
  }
  struct sigaction action {};
  action.sa_handler = [](int) { drain_asked = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = [](int) {};
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGHUP, &action, nullptr);
  return FakeWorker(std::move(*config), std::move(*counters)).Run();
}
