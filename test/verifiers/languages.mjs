/**
 * How the verifier of a page is run in its language: the block, and a driver that reads cases from stdin and prints `ok`,
 * `refused` or, for anything else that is thrown, `failed` and what it was. Parameters come in the order of PARAMETERS.
 */

const PARAMETERS = ['method', 'url', 'headers', 'body', 'secret', 'now'];

const inOrder = (parameters) => PARAMETERS.filter((name) => parameters.includes(name));

const python = (block, parameters) => ({
  files: {
    'verifier.py': `${block}

import base64, json, sys
for case in json.load(sys.stdin):
    case["body"] = base64.b64decode(case["body"])
    try:
        verify(*[case[name] for name in ${JSON.stringify(inOrder(parameters))}])
        print("ok")
    except ValueError:
        print("refused")
    except Exception as error:
        print("failed", repr(error))
`,
  },
  command: ['python3', 'verifier.py'],
});

const php = (block, parameters) => ({
  files: {
    'verifier.php': `${block}

foreach (json_decode(stream_get_contents(STDIN), true) as $case) {
    $case['body'] = base64_decode($case['body']);
    $given = array_map(fn($name) => $case[$name], ${JSON.stringify(inOrder(parameters))});
    try {
        verify(...$given);
        echo "ok\\n";
    } catch (UnexpectedValueException $refusal) {
        echo "refused\\n";
    } catch (Throwable $error) {
        echo "failed ", get_class($error), ": ", $error->getMessage(), "\\n";
    }
}
`,
  },
  command: ['php', 'verifier.php'],
});

const go = (block, parameters) => ({
  files: {
    'verifier.go': block,
    'driver.go': `package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

type testCase struct {
	Method, Url, Secret string
	Headers             map[string]string
	Body                []byte
	Now                 int64
}

func main() {
	var cases []testCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	for _, c := range cases {
		headers := http.Header{}
		for name, value := range c.Headers {
			headers.Set(name, value)
		}
		if err := verify(${inOrder(parameters)
      .map((name) => (name === 'headers' ? 'headers' : `c.${name[0].toUpperCase()}${name.slice(1)}`))
      .join(', ')}); err != nil {
			fmt.Println("refused")
		} else {
			fmt.Println("ok")
		}
	}
}
`,
  },
  command: ['go', 'run', 'verifier.go', 'driver.go'],
});

export const LANGUAGES = { python, php, go };
