#include <gtest/gtest.h>

#include <map>

#include "registry/checked_body.h"
#include "registry/upload_server.h"
#include "registry/wire.h"
#include "support/held_clock.h"
#include "support/temp_dir.h"

/// Blobs on connections that break, by the numbers of docs/TESTING.md (faults).
namespace slipway::test {
namespace {

using http::Breakdown;
using http::Request;

std::optional<std::string> header_of(const Request& request, const std::string& name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

/// The bytes of a blob from where a Range header wants them, as a store that knows ranges answers.
Answer ranged(const Request& request, const std::string& blob) {
  const auto range = header_of(request, "Range");
  if (!range) return {.headers = {}, .body = blob};
  const std::size_t from = std::stoul(range->substr(6));
  return {.status = 206,
          .headers = {{"content-range", fmt::format("bytes {}-{}/{}", from, blob.size() - 1, blob.size())}},
          .body = blob.substr(from)};
}

std::string many_bytes(std::size_t least) {
  std::string text;
  for (int i = 0; text.size() < least; ++i)
    text += std::to_string(i) + ";";
  return text;
}

TEST(Faults, Row01_ABlobThatIsCutAnywhereGoesOnFromThere) {
  for (std::size_t cut = 0; cut <= kBlobText.size(); ++cut) {
    int asked = 0;
    Wire wire([&](const Request& request) {
      Answer answer = ranged(request, kBlobText);
      if (++asked == 1) answer.cut_after = cut;
      if (asked == 1 && cut == kBlobText.size()) answer.breakdown = Breakdown::other;
      return answer;
    });
    EXPECT_EQ(read_blob(*wire.open("h.example/a")).value(), kBlobText) << cut;
    const auto last = wire.transport.asked().back();
    ASSERT_EQ(asked, 2) << cut;
    const std::string range = last.headers.empty() ? "" : last.headers.back().second;
    EXPECT_EQ(range, cut == 0 || cut == kBlobText.size() ? "" : fmt::format("bytes={}-", cut));
  }
}

TEST(Faults, Row01_ConnectionsThatBringNothingEnd) {
  Wire wire([](const Request& request) {
    Answer answer = ranged(request, kBlobText);
    answer.cut_after = 1;  // one byte at a time
    return answer;
  });
  const auto blob = read_blob(*wire.open("h.example/a"));
  ASSERT_FALSE(blob.has_value());
  EXPECT_EQ(blob.error().code, Errc::network);
  EXPECT_EQ(wire.transport.lines().size(), 5u);
}

TEST(Faults, Row02_AServerThatIgnoresRangesIsReadOverAgain) {
  int asked = 0;
  Wire wire([&](const Request&) {
    return Answer{.headers = {}, .body = kBlobText, .cut_after = ++asked == 1 ? 7 : std::string::npos};
  });
  EXPECT_EQ(read_blob(*wire.open("h.example/a")).value(), kBlobText);
  EXPECT_EQ(asked, 2);
}

TEST(Faults, Row03_AnExpiredLinkIsAskedForAgain) {
  int links = 0;
  Wire wire([&](const Request& request) {
    if (request.url.find("/v2/") != std::string::npos) {
      return redirect(fmt::format("https://storage.example/blob?sig={}", ++links));
    }
    if (links == 2 && request.url.find("sig=1") != std::string::npos)
      return Answer{.status = 403, .headers = {}, .body = {}};
    Answer answer = ranged(request, kBlobText);
    if (links == 1) answer.cut_after = 4;
    return answer;
  });
  EXPECT_EQ(read_blob(*wire.open("h.example/a")).value(), kBlobText);
  EXPECT_EQ(wire.transport.lines().back(), "GET https://storage.example/blob?sig=2");
}

/// Content that is not a continuation is never glued on: the blob is read again.
TEST(Hostile, Row085_AnotherRangeThanTheOneAskedForIsNotTaken) {
  for (const char* lie :
       {"bytes 0-18/19", "bytes 6-18/19", "bytes 5-17/19", "bytes */19", "5-18/19", "", "bytes 5-18"}) {
    int asked = 0;
    Wire wire([&](const Request& request) {
      Answer answer = ranged(request, kBlobText);
      if (++asked == 1) answer.cut_after = 5;
      if (header_of(request, "Range")) {
        answer.headers = {{"content-range", lie}};
        answer.body = std::string(40, 'x');
      }
      return answer;
    });
    EXPECT_EQ(read_blob(*wire.open("h.example/a")).value(), kBlobText) << lie;
    EXPECT_EQ(asked, 3) << lie;
  }
  int asked = 0;
  Wire never([&](const Request& request) {
    Answer answer = ranged(request, kBlobText);
    if (++asked == 1) answer.cut_after = 5;
    return header_of(request, "Range") ? Answer{.status = 416, .headers = {}, .body = {}} : answer;
  });
  EXPECT_EQ(read_blob(*never.open("h.example/a")).value(), kBlobText);
}

TEST(Faults, Row04_AnUploadThatIsCutGoesOnWhereTheRegistryHasIt) {
  for (const std::size_t lost : {std::size_t{0}, std::size_t{300'000}}) {
    UploadServer server;
    server.cut_put = server.content.size() * 9 / 10;
    server.lost = lost;
    const Status done = server.push_it();
    ASSERT_TRUE(done.has_value()) << done.error().describe();
    EXPECT_EQ(server.stored, server.content);
    EXPECT_EQ(server.sent, server.content.size() + lost) << "a tenth again, not the whole";
    std::string patched;
    for (const auto& asked : server.wire.transport.asked()) {
      if (asked.line.rfind("PATCH", 0) == 0) patched += asked.body;
    }
    EXPECT_EQ(patched,
              server.content.substr(server.cut_put == std::string::npos ? server.content.size() * 9 / 10 - lost : 0));
  }
}

TEST(Faults, Row04_AnUploadWhoseOffsetNobodyTellsStartsOnceAnew) {
  UploadServer server;
  server.cut_put = server.content.size() * 9 / 10;
  server.tells_offset = false;
  ASSERT_TRUE(server.push_it().has_value());
  EXPECT_EQ(server.stored, server.content);
  EXPECT_EQ(server.sent, server.content.size() * 19 / 10);
}

TEST(Faults, Row17_WhatAKilledRunLeftOpenIsTakenUp) {
  LargeUpload server;
  server.cut_put = server.content.size() / 2;
  Wire killed([&](const Request& request) { return server.answer(request); }, {.retry = {.tries = 1}});
  ASSERT_FALSE(push(*killed.open("h.example/a"), *server.blob).has_value());
  ASSERT_EQ(killed.uploads.kept.size(), 1u);
  EXPECT_EQ(killed.uploads.kept.begin()->first, "h.example/a@" + server.blob->descriptor.digest.str());

  Wire later([&](const Request& request) { return server.answer(request); });
  later.uploads.kept = killed.uploads.kept;
  const Status done = push(*later.open("h.example/a"), *server.blob);
  ASSERT_TRUE(done.has_value()) << done.error().describe();
  EXPECT_EQ(server.stored, server.content);
  EXPECT_EQ(server.sent, server.content.size()) << "no byte twice";
  EXPECT_TRUE(begins(later.transport.lines().front(), "GET")) << later.transport.lines().front();
  EXPECT_TRUE(later.uploads.kept.empty());
}

TEST(Faults, Row17_WhatTheRegistryForgotIsSentAnew) {
  LargeUpload server;
  server.tells_offset = false;
  Wire later([&](const Request& request) { return server.answer(request); });
  later.uploads.kept["h.example/a@" + server.blob->descriptor.digest.str()] = "https://h.example/up?state=old";
  later.uploads.kept["h.example/b@" + server.blob->descriptor.digest.str()] = "https://h.example/up?state=of-b";
  ASSERT_TRUE(push(*later.open("h.example/a"), *server.blob).has_value());
  EXPECT_EQ(server.stored, server.content);
  EXPECT_EQ(later.uploads.kept.size(), 1u) << "that of another repository stays";
}

TEST(Upload, ARegistryThatClaimsMoreThanThereIsGetsEverything) {
  LargeUpload server;
  server.stored = server.content + "more";
  Wire later([&](const Request& request) { return server.answer(request); });
  later.uploads.kept["h.example/a@" + server.blob->descriptor.digest.str()] = "https://h.example/up?state=old";
  ASSERT_TRUE(push(*later.open("h.example/a"), *server.blob).has_value());
  EXPECT_EQ(server.stored, server.content);
}

TEST(Faults, Row16_AnInterruptedUploadIsKeptWhereItCanGoOnAndCancelledElsewhere) {
  struct Case {
    bool large, tells_offset;
    std::string last;
  };
  for (const Case& c : {Case{true, true, "GET"}, Case{true, false, "DELETE"}, Case{false, true, "DELETE"}}) {
    LargeUpload server;
    server.tells_offset = c.tells_offset;
    const Blob small = make_blob(server.content.substr(0, 2u << 20));
    const Blob& blob = c.large ? *server.blob : small;
    server.content = blob.bytes;
    server.cut_put = blob.bytes.size() / 2;
    std::stop_source stop;
    HeldClock clock;
    Wire wire(
        [&](const Request& request) {
          const bool last = stop.stop_requested() && request.method != "HEAD";
          if (last) EXPECT_TRUE(clock.wait_for_sleepers(1)) << "the last requests have a deadline";
          if (request.method == "PUT") stop.request_stop();
          return server.answer(request);
        },
        {}, &clock);
    io::TextSource bytes(blob.bytes);
    const Status ended = wire.open("h.example/a")->push(blob.descriptor, bytes, stop.get_token());
    ASSERT_FALSE(ended.has_value());
    EXPECT_EQ(ended.error().code, Errc::cancelled);
    EXPECT_TRUE(begins(wire.transport.lines().back(), c.last)) << wire.transport.lines().back();
    EXPECT_EQ(wire.uploads.kept.size(), c.last == "GET" ? 1u : 0u);
  }
}

TEST(UploadJournal, BelievesWhatADeadProcessWroteForADay) {
  TempDir dir;
  FakeClock clock;
  const auto folder = dir.path() / "uploads";
  const auto journal = registry::file_upload_journal(real_fs(), clock, folder);
  const registry::UploadKey key{"h.example", "team/app", io::digest_of("a")};
  EXPECT_EQ(journal->recall(key), std::nullopt);
  journal->keep(key, "https://h.example/up?state=1");
  EXPECT_EQ(journal->recall(key), std::nullopt) << "this process is at it";
  const auto file = folder / real_fs().list(folder)->front();
  EXPECT_EQ(real_fs().stat(file)->mode & 0777u, 0600u);
  const auto text = [&](const std::string& process, const std::string& host, const std::string& url) {
    return fmt::format(R"({{"schema":"slipway/v1/upload","host":"{}","repository":"team/app","digest":"{}",)"
                       R"("url":"{}","since":1700000000,"process":"{}"}})",
                       host, key.digest.str(), url, process);
  };
  ASSERT_TRUE(write_file_atomically(real_fs(), file, text("1.0", key.host, "https://h.example/up")).has_value());
  EXPECT_EQ(journal->recall(key), "https://h.example/up") << "another process had this number";
  EXPECT_EQ(journal->recall({"h.example", "team/b", key.digest}), std::nullopt);
  FakeClock later(clock.now() + 90'000);
  EXPECT_EQ(registry::file_upload_journal(real_fs(), later, folder)->recall(key), std::nullopt);
  for (const std::string& damaged : {std::string(), std::string("[]"), std::string("{}"), std::string("rubbish"),
                                     text("1.0", "evil.example", "https://h.example/up"),
                                     text("1.0", key.host, "file:///etc/passwd"), text("1.0", key.host, "")}) {
    ASSERT_TRUE(write_file_atomically(real_fs(), file, damaged).has_value());
    EXPECT_EQ(journal->recall(key), std::nullopt) << damaged;
  }
  journal->forget(key);
  EXPECT_TRUE(real_fs().list(folder)->empty());
  const auto nowhere = registry::file_upload_journal(real_fs(), clock, {});
  nowhere->keep(key, "https://h.example/up");
  EXPECT_EQ(nowhere->recall(key), std::nullopt);
}

TEST(Faults, Row10_ASessionThatARestartForgotIsReplaced) {
  UploadServer server;
  server.forgets = true;
  ASSERT_TRUE(server.push_it().has_value());
  EXPECT_EQ(server.stored, server.content);
}

TEST(Upload, AProxysLimitMeansChunksFromThenOn) {
  UploadServer server;
  server.largest = 1u << 20;
  ASSERT_TRUE(server.push_it().has_value());
  EXPECT_EQ(server.stored, server.content);
  std::vector<std::string> ranges;
  for (const auto& asked : server.wire.transport.asked()) {
    if (asked.line.rfind("PATCH", 0) == 0) ranges.push_back(asked.headers.back().second);
  }
  ASSERT_GE(ranges.size(), 4u);
  EXPECT_EQ(ranges[0], "0-1048575");
  EXPECT_EQ(ranges[1], "1048576-2097151");
  const std::size_t before = server.wire.transport.lines().size();
  UploadServer& again = server;
  again.content += "more";
  ASSERT_TRUE(again.push_it().has_value());
  EXPECT_EQ(again.stored, again.content);
  EXPECT_TRUE(begins(server.wire.transport.lines()[before + 1], "PATCH")) << "the limit is known";
}

TEST(Upload, AChunkThatIsCutGoesOn) {
  UploadServer server;
  server.largest = 1u << 20;
  server.cut_patch = 700'000;
  server.lost = 100'000;
  ASSERT_TRUE(server.push_it().has_value());
  EXPECT_EQ(server.stored, server.content);
}

/// Each cut after progress begins the count of tries again: a large upload survives more cuts than --retry.
TEST(Upload, CutsAfterProgressAreNotCountedTogether) {
  constexpr std::size_t kBetween = 9u << 20;
  const Blob blob = make_blob(many_bytes(4 * kBetween + 1000));
  std::size_t stored = 0;
  int cuts = 0;
  Wire wire(
      [&](const Request& request) {
        const auto at = [&](int status) {
          return Answer{.status = status,
                        .headers = {{"location", "/up"}, {"range", fmt::format("0-{}", stored == 0 ? 0 : stored - 1)}},
                        .body = {}};
        };
        if (request.method == "HEAD") return Answer{.status = 404, .headers = {}, .body = {}};
        if (request.method == "POST") return at(202);
        if (request.method == "GET") return at(204);
        const auto size = static_cast<std::size_t>(request.body_size);
        if (size <= kBetween) {
          stored += size;
          return at(request.method == "PUT" ? 201 : 202);
        }
        stored += kBetween;
        ++cuts;
        return Answer{.headers = {}, .body = {}, .breakdown = Breakdown::other, .takes = kBetween};
      },
      {.retry = {.tries = 2}});
  const Status done = push(*wire.open("h.example/a"), blob);
  ASSERT_TRUE(done.has_value()) << done.error().describe();
  EXPECT_EQ(cuts, 4) << "more than the tries";
  std::string sent;
  for (const auto& asked : wire.transport.asked())
    sent += asked.body;
  EXPECT_EQ(sent, blob.bytes) << "no byte twice";
}

TEST(Upload, CutsWithoutProgressEnd) {
  const Blob blob = make_blob(many_bytes(9u << 20));
  Wire wire(
      [&](const Request& request) {
        if (request.method == "HEAD") return Answer{.status = 404, .headers = {}, .body = {}};
        if (request.method == "POST") return Answer{.status = 202, .headers = {{"location", "/up"}}, .body = {}};
        if (request.method == "GET") return Answer{.status = 404, .headers = {}, .body = {}};
        return Answer{.headers = {}, .body = {}, .breakdown = Breakdown::other, .takes = 1000};
      },
      {.retry = {.tries = 3}});
  EXPECT_EQ(push(*wire.open("h.example/a"), blob).error().code, Errc::network);
  int puts = 0;
  for (const auto& line : wire.transport.lines())
    puts += begins(line, "PUT") ? 1 : 0;
  EXPECT_EQ(puts, 3);
}

TEST(Upload, ALimitThatNothingFitsIsSaid) {
  UploadServer server;
  server.largest = 1000;
  const Status done = server.push_it();
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, Errc::too_large);
  EXPECT_NE(done.error().describe().find("client_max_body_size"), std::string::npos) << done.error().describe();
}

TEST(Upload, ASmallBlobIsOneRequestWhereThatIsTaken) {
  const Blob blob = make_blob(kBlobText);
  for (const int status : {201, 202, 405, 415}) {
    Wire wire([&](const Request& request) {
      if (request.method == "HEAD") return Answer{.status = 404, .headers = {}, .body = {}};
      const bool all = request.url.find("digest=") != std::string::npos;
      const int said = request.method == "PUT" ? 201 : all ? status : 202;
      return Answer{.status = said, .headers = {{"location", "/up"}}, .body = {}};
    });
    const auto target = wire.open("h.example/a");
    ASSERT_TRUE(push(*target, blob).has_value()) << status;
    const std::size_t first = wire.transport.lines().size();
    EXPECT_EQ(first, status == 201 ? 1u : status == 202 ? 2u : 3u) << status;
    EXPECT_EQ(wire.transport.asked().front().body, kBlobText);
    EXPECT_EQ(wire.transport.asked().back().body, kBlobText);
    ASSERT_TRUE(push(*target, make_blob("another")).has_value());
    EXPECT_EQ(wire.transport.lines().size() - first, status == 201 ? 1u : 2u) << "what was learned is used: " << status;
    EXPECT_EQ(wire.knowledge.known.single_post, status == 201) << "and kept";
  }
}

TEST(Upload, WhatEarlierRunsLearnedIsUsed) {
  UploadServer server;
  server.wire.knowledge.known.largest_body = 1 << 20;
  ASSERT_TRUE(server.push_it().has_value());
  EXPECT_EQ(server.stored, server.content);
  EXPECT_TRUE(begins(server.wire.transport.lines()[1], "PATCH")) << "no large request is tried";
}

TEST(Knowledge, IsKeptForADayAndDoubted) {
  TempDir dir;
  FakeClock clock;
  const auto store = registry::file_knowledge(real_fs(), clock, dir.path() / "hosts");
  const registry::Knowledge learned{.single_post = true, .largest_body = 1 << 20};
  EXPECT_EQ(store->recall("h.example"), registry::Knowledge());
  store->remember("h.example", learned);
  EXPECT_EQ(store->recall("h.example"), learned);
  EXPECT_EQ(store->recall("other.example"), registry::Knowledge());
  FakeClock later(clock.now() + 90'000);
  EXPECT_EQ(registry::file_knowledge(real_fs(), later, dir.path() / "hosts")->recall("h.example"),
            registry::Knowledge());
  FakeClock earlier(clock.now() - 10);
  EXPECT_EQ(registry::file_knowledge(real_fs(), earlier, dir.path() / "hosts")->recall("h.example"),
            registry::Knowledge());
  const auto file = dir.path() / "hosts" / real_fs().list(dir.path() / "hosts")->front();
  for (const char* text :
       {"", "rubbish", "[]", "{}", R"({"schema":"slipway/v2/host","host":"h.example","learned":1700000000})",
        R"({"schema":"slipway/v1/host","host":"evil","learned":1700000000,"singlePost":true})",
        R"({"schema":"slipway/v1/host","host":"h.example","learned":1700000000,"singlePost":1,"largestBody":1})"}) {
    ASSERT_TRUE(write_file_atomically(real_fs(), file, text).has_value());
    EXPECT_EQ(store->recall("h.example"), registry::Knowledge()) << text;
  }
  const auto nowhere = registry::file_knowledge(real_fs(), clock, {});
  nowhere->remember("h.example", learned);
  EXPECT_EQ(nowhere->recall("h.example"), registry::Knowledge());
}

TEST(Probe, SaysWhatWasTriedAndWhatNot) {
  TestRegistry registry({.referrers_api = true});
  Client client;
  const auto target = client.open(registry.host() + "/team/app");
  const Blob image = push_image(*target, {"one"});
  ASSERT_TRUE(target->tag(image.descriptor, "v1").has_value());
  const auto answers = [&](const std::string& repository, bool upload) {
    std::map<std::string, std::string> table;
    const auto found = client.session->probe(registry.host(), repository, upload);
    EXPECT_TRUE(found.has_value()) << found.error().describe();
    for (const auto& [name, answer] : found.value_or(std::vector<registry::ProbeFinding>()))
      table[name] = answer;
    return table;
  };
  const auto bare = answers("", true);
  EXPECT_EQ(bare.at("tags"), "not tried: needs a repository");
  EXPECT_EQ(bare.at("TLS"), "no, plain HTTP");
  EXPECT_EQ(bare.at("login"), "none for this");
  registry.forget_requests();
  const auto reading = answers("team/app", false);
  EXPECT_EQ(reading.at("tags"), "1");
  EXPECT_EQ(reading.at("digest in HEAD"), "yes");
  EXPECT_TRUE(begins(reading.at("ranges"), "yes"));
  EXPECT_EQ(reading.at("referrers API"), "yes");
  EXPECT_TRUE(begins(reading.at("collection"), "keeps"));
  EXPECT_EQ(reading.at("deletes"), "yes");
  EXPECT_TRUE(begins(reading.at("clock"), "not tried")) << "a registry without a Date header";
  EXPECT_TRUE(begins(reading.at("chunks"), "not tried"));
  EXPECT_EQ(registry.count("POST") + registry.count("PUT"), 0) << "reading writes nothing";
  const auto all = answers("team/app", true);
  EXPECT_TRUE(begins(all.at("single POST"), "no"));
  EXPECT_TRUE(begins(all.at("chunks"), "no")) << all.at("chunks");
  EXPECT_EQ(client.session->probe("127.0.0.1:1", "", false).error().code, Errc::network);
}

/// Counts how often it is read from its beginning.
class Counting final : public io::RestartableSource {
 public:
  explicit Counting(const std::string& text) : inner_(text) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override { return inner_.read(buffer); }
  Status restart() override {
    ++restarts;
    return inner_.restart();
  }
  int restarts = 0;

 private:
  io::TextSource inner_;
};

std::vector<std::byte> read_some(registry::CheckedBody& body, std::size_t size) {
  std::vector<std::byte> buffer(size);
  for (std::size_t read = 0; read < size;)
    read += body.read(std::span(buffer).subspan(read)).value();
  return buffer;
}

TEST(CheckedBody, GoesBackWithoutAskingTheSourceAsFarAsItKeeps) {
  const std::string text = many_bytes(9u << 20);
  const Blob blob = make_blob(text);
  Counting source(text);
  registry::CheckedBody body(source, blob.descriptor);
  std::vector<std::byte> buffer = read_some(body, 8u << 20);
  for (const std::int64_t back : {8'388'608, 8'000'000, 5'000'000}) {
    ASSERT_TRUE(body.rewind_to(back).has_value());
    std::array<std::byte, 100> some;
    const auto n = body.read(some);
    ASSERT_TRUE(n.has_value() && *n > 0) << back;
    EXPECT_EQ(io::as_text(std::span<const std::byte>(some).first(*n)), text.substr(static_cast<std::size_t>(back), *n));
    EXPECT_EQ(source.restarts, 0) << back;
  }
  ASSERT_TRUE(body.rewind_to(1000).has_value());
  EXPECT_EQ(source.restarts, 1) << "farther back than it keeps";
  std::string rest(text.size() - 1000, ' ');
  std::size_t at = 0;
  while (at < rest.size())
    at += body.read(std::as_writable_bytes(std::span(rest)).subspan(at)).value();
  EXPECT_EQ(rest, text.substr(1000));
  EXPECT_EQ(body.read(buffer).value(), 0u);
}

TEST(CheckedBody, ManyAtOnceKeepLittleAndStillGoBack) {
  const std::string text = many_bytes(5u << 20);
  const Blob blob = make_blob(text);
  std::vector<std::unique_ptr<Counting>> sources;
  std::vector<std::unique_ptr<registry::CheckedBody>> bodies;
  for (int i = 0; i < 6; ++i) {
    sources.push_back(std::make_unique<Counting>(text));
    bodies.push_back(std::make_unique<registry::CheckedBody>(*sources.back(), blob.descriptor));
    read_some(*bodies.back(), 4u << 20);
  }
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    ASSERT_TRUE(bodies[i]->rewind_to(3u << 20));
    EXPECT_EQ(sources[i]->restarts, i < 2 ? 0 : 1) << i;
    const auto bytes = read_some(*bodies[i], 2000);
    EXPECT_EQ(io::as_text(bytes), text.substr(3u << 20, 2000)) << i;
  }
  // Connections that the first ones kept are there for others again.
  bodies.clear();
  Counting source(text);
  registry::CheckedBody body(source, blob.descriptor);
  read_some(body, 4u << 20);
  ASSERT_TRUE(body.rewind_to(1u << 20));
  EXPECT_EQ(source.restarts, 0);
}

}  // namespace
}  // namespace slipway::test
