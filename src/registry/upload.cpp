#include "registry/upload.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "slipway/base/text.h"
#include "slipway/base/worker.h"

namespace slipway::registry {
namespace {

constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kWorthAsking = kMiB;         // less is sooner sent again
constexpr std::int64_t kUploadProgress = 8 * kMiB;  // between two cuts: they are not counted together
constexpr std::int64_t kLargestChunk = 1 << 30;
constexpr std::int64_t kSmall = 64 << 10;         // of a blob that may be sent in vain once
constexpr std::int64_t kWorthKeeping = 8 * kMiB;  // in the journal
constexpr std::chrono::seconds kFarewell{2};      // an interrupted program ends soon
constexpr int kTooLarge = 413;
constexpr int kWrongRange = 416;

/// Sizes to try where a body is too large: limits of proxies as they are met.
constexpr std::array<std::int64_t, 5> kChunks{64 * kMiB, 16 * kMiB, 4 * kMiB, kMiB, kMiB / 4};

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = problem == std::errc() && end == text.data() + text.size() && value >= 0;
  return whole ? std::optional(value) : std::nullopt;
}

/// The end of "0-LAST" or "bytes=0-LAST"; "0-0" is what registries say of nothing, too.
std::int64_t received_of(const Reply& reply) {
  std::string range = reply.response.header("range").value_or("");
  if (range.rfind("bytes=", 0) == 0) range = range.substr(6);
  if (range.rfind("0-", 0) != 0) return 0;
  const auto last = number_of(std::string_view(range).substr(2));
  return last && *last > 0 ? *last + 1 : 0;
}

/// A stop token that is requested after so much time, unless it is destroyed before.
class Deadline {
 public:
  Deadline(Clock& clock, std::chrono::milliseconds patience)
      : waiter_([this, &clock, patience](const std::stop_token& over) {
          if (clock.sleep(patience, over)) source_.request_stop();
        }) {}
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  Worker waiter_;
};

}  // namespace

Result<std::string> location_of(const Reply& reply, const std::string& registry) {
  const auto location = reply.response.header("location");
  if (!location) return fail(Errc::failed, "{} started an upload without saying where", registry);
  SLIPWAY_ASSIGN(const auto base, http::Url::parse(reply.response.url));
  SLIPWAY_ASSIGN(const auto url, http::resolve(base, *location));
  return url.str();
}

Upload::Upload(Host& host, Call call, const oci::Descriptor& blob, io::RestartableSource& bytes, std::string session)
    : host_(host),
      call_(std::move(call)),
      blob_(blob),
      body_(bytes, blob),
      session_(std::move(session)),
      journal_(blob.size >= kWorthKeeping ? host.uploads() : nullptr),
      key_{host.name(), call_.repository, blob.digest} {}

Status Upload::run(const std::function<Result<bool>()>& there, std::stop_token stop) {
  SLIPWAY_TRY(take_up(stop));
  Status done = transfer(there, std::move(stop));
  if (done && journal_ != nullptr) journal_->forget(key_);
  if (!done && done.error().code == Errc::cancelled) leave();
  return done;
}

Status Upload::take_up(std::stop_token stop) {
  if (journal_ == nullptr) return {};
  if (!session_.empty()) {
    note_down();
    return {};
  }
  const auto url = journal_->recall(key_);
  if (!url) return {};
  session_ = *url;
  SLIPWAY_TRY(find_offset(blob_.size, std::move(stop)));
  if (session_.empty()) {
    journal_->forget(key_);
  } else {
    note_down();
  }
  return {};
}

void Upload::note_down() {
  if (journal_ != nullptr) journal_->keep(key_, session_);
}

void Upload::leave() {
  if (session_.empty()) return;
  // The user's stop was requested already: these few requests have their own.
  const Deadline soon(host_.clock(), kFarewell);
  Call last = call_;
  last.path = session_;
  last.retry = false;
  if (journal_ != nullptr) {
    last.method = "GET";
    const auto reply = host_.send(last, soon.token());
    if (reply && reply->status() == 204 && received_of(*reply) > 0) return;
    journal_->forget(key_);
  }
  last.method = "DELETE";
  const auto gone = host_.send(last, soon.token());
  static_cast<void>(gone);  // then the registry collects it some day
}

Status Upload::transfer(const std::function<Result<bool>()>& there, std::stop_token stop) {
  std::int64_t had = 0;
  for (int tries = 1;; ++tries) {
    SLIPWAY_ASSIGN(const Outcome outcome, attempt(stop));
    if (outcome == Outcome::done) return {};
    // The answer may have been lost after the registry took the blob.
    if (const auto found = session_.empty() ? Result<bool>(false) : there(); found && *found) return {};
    if (body_.at() - had >= kUploadProgress) tries = 1;
    had = std::max(had, body_.at());
    const int status = last_->http ? last_->http->status : 0;
    SLIPWAY_ASSIGN(const bool again, host_.wait_to_retry(tries, status, stop));
    if (!again) return fail(*last_);
    if (outcome == Outcome::lost || body_.at() < kWorthAsking) session_.clear();
    if (!session_.empty()) SLIPWAY_TRY(find_offset(body_.at(), stop));
  }
}

Result<Upload::Outcome> Upload::attempt(std::stop_token stop) {
  if (session_.empty()) {
    const bool small = blob_.size > 0 && blob_.size <= kSmall && host_.memory().single_post().value_or(true);
    SLIPWAY_ASSIGN(const Outcome opened, small ? open_with_all(stop) : open(stop));
    if (opened != Outcome::done || stored_) return opened;
    SLIPWAY_TRY(body_.rewind_to(0));
    sent_ = 0;
  }
  if (sent_ > 0 || host_.memory().largest_body() < blob_.size) return chunks(std::move(stop));
  return whole(std::move(stop));
}

Result<Upload::Outcome> Upload::open_with_all(std::stop_token stop) {
  Call post = call_;
  post.path = http::with_query(post.path, "digest", blob_.digest.str());
  post.headers = {{"Content-Type", "application/octet-stream"}};
  post.body = &body_;
  post.body_size = blob_.size;
  post.retry = false;
  post.accepts = {400, 405, 411, kTooLarge, 415, 501};
  auto reply = host_.send(post, stop);
  if (!reply) return judge(std::move(reply));
  stored_ = reply->status() == 201;
  host_.memory().learn_single_post(stored_);
  if (stored_) return Outcome::done;
  // A registry that does not know it opens an upload, and one that refuses it may still take the usual way.
  if (reply->status() != 202) return open(std::move(stop));
  SLIPWAY_TRY(take_location(*reply));
  return Outcome::done;
}

Result<Upload::Outcome> Upload::open(std::stop_token stop) {
  Call post = call_;
  post.retry = false;  // run() counts the tries
  auto reply = host_.send(post, std::move(stop));
  if (!reply) {
    last_ = std::move(reply).error();
    return last_->code == Errc::network ? Result<Outcome>(Outcome::broken) : fail(*last_);
  }
  if (const auto least = number_of(reply->response.header("oci-chunk-min-length").value_or(""))) {
    smallest_ = std::min(*least, kLargestChunk);
  }
  SLIPWAY_TRY(take_location(*reply));
  return Outcome::done;
}

Status Upload::take_location(const Reply& reply) {
  SLIPWAY_ASSIGN(session_, location_of(reply, host_.name()));
  note_down();
  return {};
}

Result<Upload::Outcome> Upload::whole(std::stop_token stop) {
  Call put = call_;
  put.method = "PUT";
  put.path = http::with_query(session_, "digest", blob_.digest.str());
  put.headers = {{"Content-Type", "application/octet-stream"}};
  put.body = &body_;
  put.body_size = blob_.size;
  put.retry = false;  // a session is used once; run() starts another
  put.accepts = {kTooLarge};
  if (blob_.size == 0) SLIPWAY_TRY(body_.check_empty());
  auto reply = host_.send(put, stop);
  if (!reply || reply->status() != kTooLarge) return judge(std::move(reply));
  SLIPWAY_TRY(send_smaller(blob_.size));
  SLIPWAY_TRY(body_.rewind_to(0));
  return chunks(std::move(stop));
}

Result<Upload::Outcome> Upload::chunks(std::stop_token stop) {
  while (sent_ < blob_.size) {
    const std::int64_t size = std::min(blob_.size - sent_, std::max(host_.memory().largest_body(), smallest_));
    SLIPWAY_ASSIGN(const Outcome outcome, chunk(size, stop));
    if (outcome != Outcome::done) return outcome;
  }
  return close(std::move(stop));
}

Result<Upload::Outcome> Upload::chunk(std::int64_t size, std::stop_token stop) {
  BodyPart part(body_, size);
  Call patch = call_;
  patch.method = "PATCH";
  patch.path = session_;
  patch.headers = {{"Content-Type", "application/octet-stream"},
                   {"Content-Range", fmt::format("{}-{}", sent_, sent_ + size - 1)}};
  patch.body = &part;
  patch.body_size = size;
  patch.retry = false;
  patch.accepts = {kTooLarge, kWrongRange};
  auto reply = host_.send(patch, stop);
  // One registry says 416 where it means that more than 4 MiB are too much.
  const bool too_much = reply && (reply->status() == kTooLarge || (reply->status() == kWrongRange && size > 4 * kMiB));
  if (too_much) {
    SLIPWAY_TRY(send_smaller(size));
    SLIPWAY_TRY(body_.rewind_to(sent_));
    return Outcome::done;
  }
  if (reply && reply->status() == kWrongRange) {
    last_ = error_of(*reply, patch, host_.name());
    return Outcome::lost;
  }
  if (!reply) return judge(std::move(reply));
  // Its own count is not asked: there are registries whose Range stays at the first chunk.
  sent_ += size;
  SLIPWAY_TRY(take_location(*reply));
  return Outcome::done;
}

Result<Upload::Outcome> Upload::close(std::stop_token stop) {
  Call put = call_;
  put.method = "PUT";
  put.path = http::with_query(session_, "digest", blob_.digest.str());
  put.headers = {{"Content-Type", "application/octet-stream"}};
  put.retry = false;
  return judge(host_.send(put, std::move(stop)));
}

Result<Upload::Outcome> Upload::judge(Result<Reply> reply) {
  if (reply) return Outcome::done;
  last_ = std::move(reply).error();
  if (body_.failed()) return fail(*last_);  // what reads has its own retries
  const int status = last_->http ? last_->http->status : 0;
  const std::string code = last_->http ? last_->http->code : "";
  // A registry that was restarted, or another one of several, does not know the session.
  if (status == 404 || code == "BLOB_UPLOAD_UNKNOWN" || code == "BLOB_UPLOAD_INVALID") return Outcome::lost;
  if (last_->code == Errc::network) return Outcome::broken;
  return fail(*last_);
}

Status Upload::find_offset(std::int64_t at_most, std::stop_token stop) {
  Call get = call_;
  get.method = "GET";
  get.path = session_;
  get.retry = false;
  const auto reply = host_.send(get, std::move(stop));
  const std::int64_t received = reply ? received_of(*reply) : 0;
  const bool known = reply && reply->status() == 204 && received > 0 && received <= at_most;
  if (!known) {
    session_.clear();
    return {};
  }
  if (reply->response.header("location")) SLIPWAY_TRY(take_location(*reply));
  sent_ = received;
  return body_.rewind_to(received);
}

Status Upload::send_smaller(std::int64_t refused) {
  for (const std::int64_t size : kChunks) {
    if (size >= refused || size < smallest_) continue;
    host_.memory().learn_largest_body(size);
    return {};
  }
  return fail(Error(Errc::too_large, fmt::format("{} refuses a request of {} for {}", host_.name(),
                                                 human_bytes(static_cast<std::uint64_t>(refused)), call_.what))
                  .with_hint("raise the limit of the proxy in front of it (nginx: client_max_body_size)"));
}

}  // namespace slipway::registry
