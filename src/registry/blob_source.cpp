#include "registry/blob_source.h"

#include <condition_variable>
#include <thread>

#include "slipway/io/pipe.h"

namespace slipway::registry {
namespace {

/// What the request's thread and the reader share.
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
    return next_.write(bytes);
  }
  Status finish() override {
    announce();
    return next_.finish();
  }

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
};

class BlobSource final : public io::Source {
 public:
  BlobSource(std::shared_ptr<Host> host, Call call) : host_(std::move(host)), call_(std::move(call)) {
    auto [reader, writer] = io::make_pipe();
    reader_ = std::move(reader);
    writer_ = std::move(writer);
    on_session_stop_.emplace(host_->session_stop(), StopTransfer{&stop_});  // first: no request once it is stopped
    thread_ = std::jthread([this] { run(stop_.get_token()); });
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
    auto reply = host_->send(call_, std::move(stop));
    std::optional<Error> error;
    if (!reply) {
      error = std::move(reply).error();
    } else if (Status finished = sink.finish(); !finished) {
      error = std::move(finished).error();
    }
    {
      const std::scoped_lock lock(transfer_.mutex);
      transfer_.error = std::move(error);
      transfer_.ended = true;
      transfer_.changed.notify_all();
    }
    writer_.reset();
  }

  std::shared_ptr<Host> host_;
  Call call_;
  Transfer transfer_;
  std::unique_ptr<io::Source> reader_;
  std::unique_ptr<io::Sink> writer_;
  std::stop_source stop_;
  std::optional<std::stop_callback<StopTransfer>> on_session_stop_;
  std::jthread thread_;  // joined before the rest dies
};

}  // namespace

Result<std::unique_ptr<io::Source>> open_blob(std::shared_ptr<Host> host, Call call) {
  auto source = std::make_unique<BlobSource>(std::move(host), std::move(call));
  SLIPWAY_TRY(source->wait_for_start());
  return std::unique_ptr<io::Source>(std::move(source));
}

}  // namespace slipway::registry
