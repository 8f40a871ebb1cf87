window.BENCHMARK_DATA = {
 "lastUpdate": 1772625600000,
 "repoUrl": "https://example.com/r",
 "entries": {
  "Rust Benchmark": [
   {
    "commit": {
     "author": {
      "name": "a"
     },
     "committer": {
      "name": "a"
     },
     "id": "0000000000000000000000000000000000000000",
     "message": "m",
     "timestamp": "2026-03-01T12:00:00Z",
     "url": "https://example.com"
    },
    "date": 1772366400000,
    "tool": "cargo",
    "benches": [
     {
      "name": "sort",
      "value": 12000,
      "range": "\u00b1 120",
      "unit": "ns/iter"
     },
     {
      "name": "scan",
      "value": 24000,
      "range": "\u00b1 99",
      "unit": "ns/iter"
     }
    ]
   },
   {
    "commit": {
     "author": {
      "name": "a"
     },
     "committer": {
      "name": "a"
     },
     "id": "0000000000000000000000000000000000000001",
     "message": "m",
     "timestamp": "2026-03-02T12:00:00Z",
     "url": "https://example.com"
    },
    "date": 1772452800000,
    "tool": "cargo",
    "benches": [
     {
      "name": "sort",
      "value": 12100,
      "range": "\u00b1 120",
      "unit": "ns/iter"
     },
     {
      "name": "scan",
      "value": 24200,
      "range": "\u00b1 99",
      "unit": "ns/iter"
     }
    ]
   },
   {
    "commit": {
     "author": {
      "name": "a"
     },
     "committer": {
      "name": "a"
     },
     "id": "0000000000000000000000000000000000000002",
     "message": "m",
     "timestamp": "2026-03-03T12:00:00Z",
     "url": "https://example.com"
    },
    "date": 1772539200000,
    "tool": "cargo",
    "benches": [
     {
      "name": "sort",
      "value": 11950,
      "range": "\u00b1 120",
      "unit": "ns/iter"
     },
     {
      "name": "scan",
      "value": 23900,
      "range": "\u00b1 99",
      "unit": "ns/iter"
     }
    ]
   },
   {
    "commit": {
     "author": {
      "name": "a"
     },
     "committer": {
      "name": "a"
     },
     "id": "0000000000000000000000000000000000000003",
     "message": "m",
     "timestamp": "2026-03-04T12:00:00Z",
     "url": "https://example.com"
    },
    "date": 1772625600000,
    "tool": "cargo",
    "benches": [
     {
      "name": "sort",
      "value": 15000,
      "range": "\u00b1 120",
      "unit": "ns/iter"
     },
     {
      "name": "scan",
      "value": 30000,
      "range": "\u00b1 99",
      "unit": "ns/iter"
     }
    ]
   }
  ],
  "Service": [
   {
    "commit": {
     "author": {
      "name": "a"
     },
     "committer": {
      "name": "a"
     },
     "id": "0000000000000000000000000000000000000000",
     "message": "m",
     "timestamp": "2026-03-01T12:00:00Z",
     "url": "https://example.com"
    },
    "date": 1772366400000,
    "tool": "customBiggerIsBetter",
    "benches": [
     {
      "name": "throughput",
      "value": 812.5,
      "unit": "req/s",
      "extra": "8 cores"
     },
     {
      "name": "heap free",
      "value": 55,
      "unit": "Percent"
     }
    ]
   }
  ]
 }
}