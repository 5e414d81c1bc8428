#include "registry/blob_source.h"

#include <condition_variable>
#include <mutex>

#include "slipway/base/worker.h"
#include "slipway/io/pipe.h"

namespace slipway::registry {
namespace {

/// So much between two cuts: they are not counted together.
constexpr std::int64_t kProgress = 1 << 20;

/// State that the request's thread and the reader share.
struct Transfer {
  std::mutex mutex;
  std::condition_variable changed;
  bool started = false;  // the first byte or the end is there
  bool ended = false;
  std::optional<Error> error;
};

/// Tells the reader that bytes flow before it passes the first on.
class AnnouncingSink final : public io::Sink {
 public:
  AnnouncingSink(io::Sink& next, Transfer& transfer) : next_(next), transfer_(transfer) {}
  Status write(io::Bytes bytes) override {
    announce();
    passed_ += static_cast<std::int64_t>(bytes.size());
    return next_.write(bytes);
  }
  Status finish() override {
    announce();
    return next_.finish();
  }

  std::int64_t passed() const { return passed_; }

 private:
  void announce() {
    if (announced_) return;
    announced_ = true;
    const std::scoped_lock lock(transfer_.mutex);
    transfer_.started = true;
    transfer_.changed.notify_all();
  }

  io::Sink& next_;
  Transfer& transfer_;
  bool announced_ = false;
  std::int64_t passed_ = 0;
};

class BlobSource final : public io::Source {
 public:
  BlobSource(std::shared_ptr<Host> host, Call call, std::int64_t size)
      : host_(std::move(host)), call_(std::move(call)), size_(size) {
    auto [reader, writer] = io::make_pipe();
    reader_ = std::move(reader);
    writer_ = std::move(writer);
    on_session_stop_.emplace(host_->session_stop(), StopTransfer{&stop_});  // first: no request once it is stopped
    worker_ = Worker([this](const std::stop_token&) { run(stop_.get_token()); });
  }

  ~BlobSource() override {
    on_session_stop_.reset();
    stop_.request_stop();
    reader_.reset();  // a writer that waits for room gives up
  }

  Status wait_for_start() {
    std::unique_lock lock(transfer_.mutex);
    transfer_.changed.wait(lock, [&] { return transfer_.started || transfer_.ended; });
    if (!transfer_.started && transfer_.error) return fail(*transfer_.error);
    return {};
  }

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    auto n = reader_->read(buffer);
    if (n) return n;
    std::unique_lock lock(transfer_.mutex);
    transfer_.changed.wait(lock, [&] { return transfer_.ended; });
    if (transfer_.error) return fail(*transfer_.error);
    return n;
  }

 private:
  struct StopTransfer {
    std::stop_source* stop;
    void operator()() const { stop->request_stop(); }
  };

  void run(std::stop_token stop) {
    AnnouncingSink sink(*writer_, transfer_);
    call_.sink = &sink;
    Status status = receive(sink, stop);
    if (status) status = sink.finish();
    std::optional<Error> error;
    if (!status) error = std::move(status).error();
    {
      const std::scoped_lock lock(transfer_.mutex);
      transfer_.error = std::move(error);
      transfer_.ended = true;
      transfer_.changed.notify_all();
    }
    writer_.reset();
  }

  /// The whole blob, in as many requests as there are cuts: each asks for what is missing.
  Status receive(AnnouncingSink& sink, std::stop_token stop) {
    const std::vector<http::Header> plain = call_.headers;
    std::int64_t had = 0;
    bool ranges = true;
    for (int tries = 1;; ++tries) {
      const std::int64_t before = sink.passed();
      auto reply = host_->send(call_, stop);
      const std::int64_t passed = sink.passed();
      if (reply && (passed >= size_ || passed == before)) return {};
      const bool cut = passed > before && passed < size_ && (reply || reply.error().code == Errc::network);
      if (!reply && refuses_range(reply.error()) && ranges) {
        ranges = false;  // the whole again, of which the front is dropped
        call_.headers = plain;
        continue;
      }
      if (!reply && !cut) return fail(std::move(reply).error());
      if (passed - had >= kProgress) tries = 1;
      had = passed;
      SLIPWAY_ASSIGN(const bool again, host_->wait_to_retry(tries, 0, stop));
      if (!again) return reply ? Status() : fail(std::move(reply).error());
      call_.from = passed;
      call_.size = size_;
      call_.headers = plain;
      if (ranges) call_.headers.emplace_back("Range", fmt::format("bytes={}-", passed));
    }
  }

  bool refuses_range(const Error& error) const {
    constexpr int kNotSatisfiable = 416;
    const bool asked = call_.from > 0;
    return asked && (error.code == Errc::verification_failed || (error.http && error.http->status == kNotSatisfiable));
  }

  std::shared_ptr<Host> host_;
  Call call_;
  std::int64_t size_;
  Transfer transfer_;
  std::unique_ptr<io::Source> reader_;
  std::unique_ptr<io::Sink> writer_;
  std::stop_source stop_;
  std::optional<std::stop_callback<StopTransfer>> on_session_stop_;
  Worker worker_;  // ended before the rest dies
};

}  // namespace

Result<std::unique_ptr<io::Source>> open_blob(std::shared_ptr<Host> host, Call call, std::int64_t size) {
  auto source = std::make_unique<BlobSource>(std::move(host), std::move(call), size);
  SLIPWAY_TRY(source->wait_for_start());
  return std::unique_ptr<io::Source>(std::move(source));
}

}  // namespace slipway::registry
