#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "registry/checked_body.h"
#include "registry/host.h"

/// Sending one blob to a repository (distribution-spec "Pushing blobs"), in spite of proxies that limit bodies and of
/// connections that break.
///
/// States of an upload: none, open (`session_` has the URL at which it goes on), stored. run() repeats attempts until
/// the blob is stored, fails for good, or the tries are used up:
///
///   none --POST--> open
///   open --PUT of the whole--> stored
///   open --PATCH of chunks, PUT--> stored                    where a proxy answered 413, or an earlier run began
///   none --POST of the whole--> stored                       small blobs, until a registry is known to refuse that
///   open --cut--> open, at the offset that GET tells         else none: the next attempt sends everything again
///
/// Habits of the host that an attempt teaches (no single POST, the largest body) are remembered for the next blob.
///
/// Large blobs are written into the host's UploadJournal while they are open. A later run, of this process or another,
/// takes the upload up where the registry has it. An upload that is interrupted by its stop token is left in the
/// journal where it can go on and cancelled elsewhere; these last requests end with a deadline of two seconds on the
/// host's clock.
///
/// Cost: two requests a blob, one for a small blob; one more for each cut. The bytes are read again from where the
/// registry has them, and hashed on the way: a source that changes is refused.
///
/// Threads: run() blocks, in one thread. Uploads of one host run beside each other.
///
/// Example:
///
///     Status send(Host& host, const oci::Descriptor& blob, io::RestartableSource& bytes, std::stop_token stop) {
///       Call post;
///       post.method = "POST";
///       post.path = "/v2/team/app/blobs/uploads/";
///       post.repository = "team/app";
///       post.actions = "pull,push";
///       post.what = "a blob of team/app";
///       Upload upload(host, post, blob, bytes, "");
///       return upload.run([] { return Result<bool>(false); }, std::move(stop));
///     }
namespace slipway::registry {

/// One blob on its way.
class Upload {
 public:
  /// `call` is the POST that opens an upload: it has repository, scopes and words for messages; `session` is an upload
  /// that is open already, or empty.
  Upload(Host& host, Call call, const oci::Descriptor& blob, io::RestartableSource& bytes, std::string session);

  /// `there` asks whether the registry has the blob, for answers that got lost.
  Status run(const std::function<Result<bool>()>& there, std::stop_token stop);

 private:
  Status transfer(const std::function<Result<bool>()>& there, std::stop_token stop);
  /// The upload that an earlier run left open, if the registry still knows it.
  Status take_up(std::stop_token stop);
  /// Remembers where it goes on.
  void note_down();
  /// Ends an upload that was interrupted: kept where the registry says what it has, else cancelled.
  void leave();
  /// How an attempt ended when it did not fail for good.
  enum class Outcome { done, broken, lost };

  Result<Outcome> attempt(std::stop_token stop);
  Result<Outcome> whole(std::stop_token stop);
  Result<Outcome> chunks(std::stop_token stop);
  Result<Outcome> chunk(std::int64_t size, std::stop_token stop);
  Result<Outcome> close(std::stop_token stop);
  Result<Outcome> open(std::stop_token stop);
  /// The blob in the very request that opens an upload, for registries that take it so.
  Result<Outcome> open_with_all(std::stop_token stop);
  /// Goes on where the registry has it; forgets the session where it does not tell.
  Status find_offset(std::int64_t at_most, std::stop_token stop);
  Status send_smaller(std::int64_t refused);
  /// The meaning of a failed request; `last_` keeps the error.
  Result<Outcome> judge(Result<Reply> reply);
  Status take_location(const Reply& reply);

  Host& host_;
  Call call_;
  const oci::Descriptor& blob_;
  CheckedBody body_;
  std::string session_;
  UploadJournal* journal_;  // null for what is small
  UploadKey key_;
  std::int64_t sent_ = 0;      // bytes that the registry acknowledged
  std::int64_t smallest_ = 0;  // of a chunk, as the registry wants it
  bool stored_ = false;        // by the request that was to open it
  std::optional<Error> last_;
};

/// The place at which a registry's answer says that an upload goes on.
Result<std::string> location_of(const Reply& reply, const std::string& registry);

}  // namespace slipway::registry
