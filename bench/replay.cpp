// The least that copying images between registries can cost: the fewest requests that protocol and registry allow, sent
// by bare libcurl over kept connections, many images at once, with nothing checked, retried or reported.
// usage: slipway_replay SOURCE DESTINATION LANES < LIST     (LIST: lines of FROM TO, "repository:tag" each; plain HTTP)
#include <curl/curl.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Reply {
  long status = 0;
  std::string body, location;
};

/// One connection to each host.
class Client {
 public:
  Reply send(const char* method, const std::string& url, const std::string* body, const char* type) {
    CURL* const easy = easy_.get();
    curl_easy_reset(easy);
    Reply reply;
    curl_slist* headers = curl_slist_append(nullptr, type);
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &reply.body);
    curl_easy_setopt(
        easy, CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t one, std::size_t n, std::string* out) {
          out->append(data, one * n);
          return one * n;
        });
    if (body != nullptr) {
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body->data());
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    }
    if (curl_easy_perform(easy) != CURLE_OK)
      std::exit((std::fprintf(stderr, "%s %s failed\n", method, url.c_str()), 1));
    curl_slist_free_all(headers);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply.status);
    curl_header* location = nullptr;
    if (curl_easy_header(easy, "Location", 0, CURLH_HEADER, -1, &location) == CURLHE_OK)
      reply.location = location->value;
    if (reply.status >= 300) std::exit((std::fprintf(stderr, "%s %s: %ld\n", method, url.c_str(), reply.status), 1));
    return reply;
  }

 private:
  std::unique_ptr<CURL, void (*)(CURL*)> easy_{curl_easy_init(), curl_easy_cleanup};
};

/// Every digest that a manifest names.
std::vector<std::string> digests_in(const std::string& manifest) {
  constexpr std::string_view kKey = "\"digest\":\"";
  std::vector<std::string> found;
  for (std::size_t at = 0; (at = manifest.find(kKey, at)) != std::string::npos;) {
    at += kKey.size();
    found.push_back(manifest.substr(at, manifest.find('"', at) - at));
  }
  return found;
}

void copy_image(Client& client, const std::string& source, const std::string& target, const std::string& from,
                const std::string& to) {
  constexpr const char* kManifest = "Accept: application/vnd.oci.image.manifest.v1+json";
  constexpr const char* kContent = "Content-Type: application/vnd.oci.image.manifest.v1+json";
  constexpr const char* kBytes = "Content-Type: application/octet-stream";
  const auto split = [](const std::string& name) {
    return std::pair(name.substr(0, name.find(':')), name.substr(name.find(':') + 1));
  };
  const auto [from_repository, from_tag] = split(from);
  const auto [to_repository, to_tag] = split(to);
  const std::string read = "http://" + source + "/v2/" + from_repository;
  const std::string write = "http://" + target + "/v2/" + to_repository;
  const Reply manifest = client.send("GET", read + "/manifests/" + from_tag, nullptr, kManifest);
  for (const std::string& digest : digests_in(manifest.body)) {
    const std::string uploads = write + "/blobs/uploads/";
    const std::string none;
    if (source == target) {
      client.send("POST", uploads + "?mount=" + digest + "&from=" + from_repository, &none, kBytes);
      continue;
    }
    const Reply blob = client.send("GET", read + "/blobs/" + digest, nullptr, "Accept: */*");
    const Reply upload = client.send("POST", uploads, &none, kBytes);
    const char joint = upload.location.find('?') == std::string::npos ? '?' : '&';
    client.send("PUT", upload.location + joint + "digest=" + digest, &blob.body, kBytes);
  }
  client.send("PUT", write + "/manifests/" + to_tag, &manifest.body, kContent);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: slipway_replay SOURCE DESTINATION LANES < LIST\n"), 2;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  std::vector<std::pair<std::string, std::string>> jobs;
  for (std::string from, to; std::cin >> from >> to;)
    jobs.emplace_back(from, to);
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> lanes;
  for (int lane = 0; lane < std::atoi(argv[3]); ++lane) {
    lanes.emplace_back([&] {
      Client client;
      for (std::size_t job = 0; (job = next++) < jobs.size();)
        copy_image(client, argv[1], argv[2], jobs[job].first, jobs[job].second);
    });
  }
}
