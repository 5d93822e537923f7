% A run of `dip simulate --out DIR --parquet`, read with MATLAB or Octave: units, and figures checked against
% summary.json.
%
%     octave-cli --eval "read_run('DIR')"        matlab -batch "read_run('DIR')"
%
% Octave has no reader of Parquet; MATLAB compares it with the CSV.
function read_run(directory)
  summary = jsondecode(fileread(fullfile(directory, 'summary.json')));

  % Units are beside the CSV, in the words of the W3C's CSV on the Web.
  description = jsondecode(fileread(fullfile(directory, 'csv-metadata.json')));
  columns = description.tables(1).tableSchema.columns;
  csv = importdata(fullfile(directory, 'trajectory.csv'), ',', 1);
  for place = 1:numel(columns)
    assert(strcmp(columns(place).name, csv.colheaders{place}), 'the description is of another file');
    fprintf('%22s [%s]\n', columns(place).name, columns(place).schema_unitText);
  end
  run = cell2struct(num2cell(csv.data, 1), csv.colheaders, 2);
  fprintf('%s, seed %d: %d rows\n', summary.controller, summary.seed, numel(run.t));

  if exist('parquetread', 'file')
    parquet = parquetread(fullfile(directory, 'trajectory.parquet'));
    assert(isequaln(parquet{:, :}, csv.data), 'trajectory.parquet and trajectory.csv differ');
  end

  check('peak angle [rad]', max(abs([run.theta1; run.theta2])), summary.metrics.peak_angle);

  % The first time from which on the state stays within its bands.
  bands = summary.experiment.settling;
  outside = abs(run.theta1) > bands.theta | abs(run.theta2) > bands.theta | abs(run.x) > bands.x;
  if strcmp(summary.outcome, 'settled')
    check('settling time [s]', run.t(max([0; find(outside, 1, 'last')]) + 1), summary.metrics.settling_time);
  end
end

function check(name, actual, expected)
  fprintf('%s: %.17g\n', name, actual);
  % Octave reads JSON to the last bit but one.
  if abs(actual - expected) > 2 * eps(expected)
    error('%s is %.17g in the trajectory and %.17g in summary.json', name, actual, expected);
  end
end
